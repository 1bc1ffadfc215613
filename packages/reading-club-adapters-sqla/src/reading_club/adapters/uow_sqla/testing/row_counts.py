"""Tests of the numbers of rows of a command, its event, and the event's effects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import (
    InMemoryEventstreamTransport,
    RecordingOutboxTransport,
)
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import EVENTS, RegisterBook
from reading_club.eventstream.inbox.attempt_policy import AttemptPolicy
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.ports.outbox import Lease
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.bus import ClubBus
from reading_club.service.projections import SUBSCRIBERS as PROJECTIONS
from reading_club.testing.builders import an_isbn

COMMANDS = 10
WORDS = 4
"""The words by which the search finds each of the books: title, author, and both forms of ISBN."""


class TestRows:
    """An event has one row in the outbox until it is sent, and one in the inbox a subscriber."""

    async def test_an_event_costs_one_outbox_row_and_an_inbox_row_a_subscriber(
        self, engine: AsyncEngine, bus: ClubBus, outbox: SQLOutbox
    ) -> None:
        """Nothing else is left of a healthy event: no attempt, failure, pause or re-send."""
        transport, lease = RecordingOutboxTransport(), Lease(30.0)
        before = await _rows(engine)
        for _ in range(COMMANDS):
            async with SQLUnitOfWork(transport, engine) as transaction:
                command = RegisterBook(isbn=an_isbn(), title="Counted", author="A")
                await bus.handle(command, transaction)
                await transaction.commit()
        stored = _more(await _rows(engine), before)

        claimed = await outbox.claim(COMMANDS, lease)
        await outbox.delete(lease.token, [event.key for event in claimed])
        sent = _more(await _rows(engine), before)
        await _process(transport.handed_over, engine)
        handled = _more(await _rows(engine), before)

        book = {"books": 1, "book_words": WORDS, "messages": 2}
        effects = {"activity": 1, "activity_arrivals": 1, "catalogue": 1, "catalogue_ranks": 1}
        assert stored == {**book, "outbox": 1}
        assert sent == book
        assert handled == {**book, **effects, "inbox": len(PROJECTIONS)}


async def _process(messages: Any, engine: AsyncEngine) -> None:
    """Handle the messages for each read model, all of them in one transaction."""
    make_uow = partial(SQLUnitOfWork, InMemoryEventstreamTransport(), engine)
    policy = AttemptPolicy(ATTEMPTS, 1.0, monotonic)
    for subscriber in PROJECTIONS:
        registry = EventRegistry[Any](EVENTS)
        processor = InboxProcessor(subscriber, registry, policy, lambda: datetime.now(UTC))
        await processor.process_batch(messages, make_uow)


async def _rows(engine: AsyncEngine) -> Mapping[str, int]:
    """Return the number of rows of each table."""
    tables = orm.metadata.sorted_tables
    counts = [select(func.count()).select_from(each).scalar_subquery() for each in tables]
    async with engine.connect() as connection:
        (row,) = await connection.execute(select(*counts))
    return {table.name: count for table, count in zip(tables, row, strict=True)}


def _more(now: Mapping[str, int], before: Mapping[str, int]) -> Mapping[str, float]:
    """Return the rows of a command, by the table that has more of them than before."""
    return {
        name: (number - before[name]) / COMMANDS
        for name, number in now.items()
        if number != before[name]
    }
