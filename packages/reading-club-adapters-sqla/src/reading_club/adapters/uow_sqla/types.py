"""Column types, and SQL expressions for the database's clock."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Dialect, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


def sorted_text(length: int) -> sa.String:
    """Return the type of a text that is compared by its code points, on every database."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, to the microsecond: bound with any time zone, loaded in UTC.

    Binding a datetime without a time zone raises ValueError.
    """

    impl = sa.DateTime(timezone=True)
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


class DatabaseTime(FunctionElement[datetime]):
    """The database's clock plus ``seconds``, which may be negative.

    Each statement reads the clock anew, also within a transaction.
    """

    type = UtcDateTime()
    inherit_cache = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(*([sa.literal(seconds, sa.Float)] if seconds else []))


@compiles(DatabaseTime, "postgresql")
def _postgresql_time(time: DatabaseTime, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(time.clauses, **options)
    return (
        f"clock_timestamp() + make_interval(secs => {seconds})" if seconds else "clock_timestamp()"
    )


@compiles(DatabaseTime, "sqlite")
def _sqlite_time(time: DatabaseTime, compiler: SQLCompiler, **options: Any) -> str:
    seconds = compiler.process(time.clauses, **options)
    shift = f", printf('%.3f seconds', {seconds})" if seconds else ""
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now'{shift})"


class SecondsSince(FunctionElement[float]):
    """The seconds since an instant by the database's clock; 0 for NULL."""

    type = sa.Float()
    inherit_cache = True


@compiles(SecondsSince, "postgresql")
def _postgresql_seconds(since: SecondsSince, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(since.clauses, **options)
    return f"coalesce(CAST(extract(epoch FROM clock_timestamp() - {instant}) AS FLOAT), 0.0)"


@compiles(SecondsSince, "sqlite")
def _sqlite_seconds(since: SecondsSince, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(since.clauses, **options)
    return f"coalesce((julianday('now') - julianday({instant})) * 86400.0, 0.0)"


class MinutesSince(FunctionElement[int]):
    """The whole minutes since an instant by the database's clock."""

    type = sa.Integer()
    inherit_cache = True


@compiles(MinutesSince, "postgresql")
def _postgresql_minutes(since: MinutesSince, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(since.clauses, **options)
    return f"CAST(floor(extract(epoch FROM clock_timestamp() - {instant}) / 60) AS INTEGER)"


@compiles(MinutesSince, "sqlite")
def _sqlite_minutes(since: MinutesSince, compiler: SQLCompiler, **options: Any) -> str:
    instant = compiler.process(since.clauses, **options)
    return f"CAST((julianday('now') - julianday({instant})) * 1440.0 AS INTEGER)"


class JsonText(TypeDecorator[str]):
    """JSON that is bound and loaded as text, without parsing."""

    impl = sa.JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Bind the text unchanged."""

    def column_expression(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """Select the column as text, which drivers load unchanged."""
        return sa.cast(column, sa.Text)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Load the text unchanged."""
