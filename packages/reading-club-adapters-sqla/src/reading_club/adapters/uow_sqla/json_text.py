"""JSON that nobody has to understand on its way."""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, Text, TypeDecorator, cast


class JsonText(TypeDecorator[str]):
    """JSON that goes in and comes out as the text that it is: nobody parses it on the way."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Pass it on."""

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Select it as text, which drivers pass on."""
        return cast(column, Text)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Pass it on."""
