"""Column types, and SQL expressions for the database's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Float,
    Interval,
    Text,
    TypeDecorator,
    cast,
    func,
    literal,
)
from sqlalchemy.ext.compiler import compiles


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, to the microsecond: bound with any time zone, loaded in UTC.

    Binding a datetime without a time zone raises ValueError.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the instant in UTC; for SQLite without its time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002  # the name is the base class's
    ) -> datetime | None:
        """Return the instant in UTC, with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class DatabaseNow(ColumnElement[datetime]):
    """The time of the statement by the database's clock, as the default of a column."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(DatabaseNow, "postgresql")
def _postgresql_now(*_: Any, **__: Any) -> str:
    return "clock_timestamp()"


@compiles(DatabaseNow, "sqlite")
def _sqlite_now(*_: Any, **__: Any) -> str:
    return "strftime('%Y-%m-%d %H:%M:%f000', 'now')"


def database_time(dialect: str, seconds: float = 0.0) -> ColumnElement[datetime]:
    """Return the SQL expression for the database's clock plus ``seconds``, which may be negative.

    Each statement reads the clock anew, also within a transaction.
    """
    if dialect == "sqlite":
        return func.strftime(
            "%Y-%m-%d %H:%M:%f000", "now", f"{seconds:.3f} seconds", type_=UtcDateTime
        )
    return func.clock_timestamp(type_=UtcDateTime) + literal(timedelta(seconds=seconds), Interval)


def seconds_since(dialect: str, instant: ColumnElement[datetime]) -> ColumnElement[float]:
    """Return the SQL expression for the seconds since ``instant`` by that clock; 0 for NULL."""
    if dialect == "sqlite":
        passed = (func.julianday("now") - func.julianday(instant)) * 86_400.0
    else:
        passed = cast(func.extract("epoch", func.clock_timestamp() - instant), Float)
    return func.coalesce(passed, 0.0, type_=Float)


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
