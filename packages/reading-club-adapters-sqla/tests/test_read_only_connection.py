"""A connection that cannot write does not go back to the pool."""

import pytest
from messagebus import AsyncSinkholeEventstreamTransport
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.testing.builders import a_book


async def add_book(engine: AsyncEngine, *, read_first: bool) -> None:
    """Register a book, as the first statement of its transaction or after a read."""
    book = a_book()
    async with SQLUnitOfWork(AsyncSinkholeEventstreamTransport(), engine) as transaction:
        if read_first:
            await transaction.uow.books.find(book.id)
        await transaction.uow.books.add(book)
        await transaction.commit()


@pytest.mark.parametrize("read_first", [False, True])
async def test_a_read_only_connection_is_replaced(engine: AsyncEngine, *, read_first: bool) -> None:
    """A file that was read-only when it was opened is written to as soon as that is possible."""
    async with engine.connect() as connection:  # the pool's only one
        await connection.execute(text("PRAGMA query_only = ON"))

    with pytest.raises(StorageUnavailable, match="read-only"):
        await add_book(engine, read_first=read_first)

    await add_book(engine, read_first=read_first)
