"""The tables of an application that has the stream's on its own MetaData, and its transactions."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKey,
    Insert,
    Integer,
    MetaData,
    Table,
    event,
    insert,
)
from sqlalchemy.engine.interfaces import DBAPIConnection

from reading_club.adapters.uow_sqla.eventstream import stream_tables

metadata = MetaData()
tables = stream_tables(metadata, prefix="shop_")

orders = Table(
    "orders",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("follows", ForeignKey("orders.id", deferrable=True, initially="DEFERRED")),
)
"""The COMMIT of an order that follows an unknown one fails."""


def order(id_: int = 1, *, follows: int | None = None) -> Insert:
    """Return the INSERT of an order."""
    return insert(orders).values(id=id_, follows=follows)


def with_savepoints(engine: Engine) -> Engine:
    """Let SQLAlchemy begin SQLite's transactions, as it documents for SAVEPOINT."""

    def on_connect(connection: DBAPIConnection, _: object) -> None:
        driver: Any = connection
        driver.isolation_level = None
        cursor = driver.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


@contextmanager
def executed(engine: Engine) -> Iterator[list[str]]:
    """Collect the first word of each statement, which is sent once, for any number of rows."""
    seen: list[str] = []
    listener: Callable[..., None] = lambda _, __, text, *___: seen.append(  # noqa: E731
        text.split(maxsplit=1)[0]
    )
    event.listen(engine, "before_cursor_execute", listener)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", listener)
