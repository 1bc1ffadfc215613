"""A column type for JSON as text."""

from typing import Any

from sqlalchemy import JSON, ColumnElement, Dialect, Text, TypeDecorator, cast


class JsonText(TypeDecorator[str]):
    """JSON that is bound and loaded as text, without parsing."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Bind the text unchanged."""

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Select the column as text, which drivers load unchanged."""
        return cast(column, Text)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Load the text unchanged."""
