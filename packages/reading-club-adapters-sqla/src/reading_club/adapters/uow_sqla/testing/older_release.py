"""Rows as release 0.1.0 inserts them, whose newest schema is 0002."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import column, insert, table
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import metadata
from reading_club.domain.model import Book

COLUMNS: Final = {
    "books": ("id", "title", "author", "isbn", "search"),
    "messages": ("id", "created_at", "type", "metadata", "payload"),
    "outbox": ("message_id", "subscriber", "token", "leased_until", "attempts", "envelope"),
}
"""The columns that its INSERTs name."""


async def insert_as_before(engine: AsyncEngine, name: str, *rows: Mapping[str, Any]) -> None:
    """Insert rows into a table by a statement that knows no column of a later schema."""
    columns = [column(each, metadata.tables[name].c[each].type) for each in COLUMNS[name]]
    async with engine.begin() as connection:
        await connection.execute(insert(table(name, *columns)), rows)


def book_row(book: Book) -> dict[str, Any]:
    """Return the row of a book."""
    return {**book.model_dump(), "isbn": book.isbn.canonical, "search": book.title}
