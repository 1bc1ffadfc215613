"""The digest on SQLite in a file, with events as the club publishes them: no server."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from digest import DigestUnitOfWork, digest, metadata, titles
from reading_club.adapters.eventstream import EventTask
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport
from reading_club.eventstream.wire import EventRegistry

BOOK = {"id": str(uuid7()), "isbn": "9780321125217", "title": "DDD", "author": "Eric Evans"}


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with the tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'digest.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


async def test_a_new_book_is_in_the_digest(engine: AsyncEngine) -> None:
    """It is listed by its title, with its author."""
    event = BookRegistered.model_validate(BOOK)

    async with DigestUnitOfWork(RelayOnlyTransport(), engine) as transaction:
        await digest.handle(event, transaction.uow)
        await transaction.commit()

    async with DigestUnitOfWork(RelayOnlyTransport(), engine) as transaction:
        assert await titles(transaction.uow) == ["DDD, by Eric Evans"]
        await transaction.rollback()


async def test_a_copy_of_an_event_has_no_effect(engine: AsyncEngine) -> None:
    """The worker's task handles a message that the broker delivers twice, once."""
    event = BookRegistered.model_validate(BOOK)
    message = {
        "id": str(event.message_id),
        "created_at": event.created_at.isoformat(),
        "type": "book_registered_v1",
        "payload": event.model_dump_json(include=set(BOOK)),
    }
    task = EventTask(
        digest, EventRegistry([BookRegistered]), partial(DigestUnitOfWork.open, engine.url)
    )

    for _ in range(2):
        await asyncio.to_thread(task.receive, message)
    await asyncio.to_thread(task.close)

    async with DigestUnitOfWork(RelayOnlyTransport(), engine) as transaction:
        assert await titles(transaction.uow) == ["DDD, by Eric Evans"]
        await transaction.rollback()


def test_it_hears_of_books_alone() -> None:
    """The club is told these types by ``reading-club subscribers add``."""
    assert digest.types == {"book_registered_v1"}
