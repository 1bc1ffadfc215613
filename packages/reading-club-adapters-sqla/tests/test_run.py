"""A relay on an engine, with tables and subscribers of its caller."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lastuuid import uuid7
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.run import RelayOptions, run_relay
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import BookRegistered, ClubEvent
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.eventstream.retention import Retention
from reading_club.eventstream.run import RelayHooks
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
shelf = Subscriber[ClubEvent, AbstractUnitOfWork]("shelf")


@shelf.on(BookRegistered)
async def put(_: BookRegistered, __: AbstractUnitOfWork) -> None:
    """Do nothing: its queue is what counts."""


class Publisher(InMemoryPublisher):
    """A broker that calls ``on_sent`` after each batch."""

    def __init__(self, on_sent: Callable[[], object]) -> None:
        super().__init__()
        self.on_sent = on_sent

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Take the events."""
        result = super().publish(events)
        self.on_sent()
        return result


class Queues:
    """Queues that are never empty."""

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Do nothing."""

    def is_empty(self, subscriber: str) -> bool:
        """Return False."""
        return not subscriber


async def commit_and_lapse(engine: AsyncEngine) -> BookRegistered:
    """Commit an event, and let the lease of its outbox row run out."""
    event = an_event()
    async with SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction:
        await transaction.uow.messagestore.add(event)
        await transaction.commit()
    async with engine.begin() as connection:
        lapsed = datetime.now(UTC) - timedelta(seconds=1)
        await connection.execute(update(orm.stream.outbox).values(leased_until=lapsed))
    return event


async def test_a_relay_is_made_of_an_engine_and_a_publisher(engine: AsyncEngine) -> None:
    """It subscribes, sends, and deletes what is too old, the caller's rows as well."""
    event, stream, pruned = await commit_and_lapse(engine), orm.stream, list[str]()
    loop, stopping = asyncio.get_running_loop(), asyncio.Event()
    publisher = Publisher(lambda: loop.call_soon_threadsafe(stopping.set))
    async with engine.begin() as connection:
        row = {"subscriber": "shelf", "message_id": uuid7(), "received_at": LONG_AGO}
        await connection.execute(insert(stream.inbox).values(row))

    async def prune() -> Mapping[str, int]:
        pruned.append("ours")
        return {}

    async with asyncio.timeout(30):
        await run_relay(
            engine,
            publisher,
            [shelf],
            tables=stream,
            queues=Queues(),
            options=RelayOptions(
                Retention(inbox=1.0), prunings=[prune], hooks=RelayHooks(stopping)
            ),
        )

    assert [sent.key.message_id for sent in publisher.sent] == [event.message_id]
    async with engine.connect() as connection:
        subscribed = (await connection.execute(select(stream.subscriptions))).one()
        left = [
            await connection.scalar(select(func.count()).select_from(table))
            for table in (stream.inbox, stream.outbox)
        ]
    assert subscribed[:2] == ("shelf", "book_registered_v1")
    assert left == [0, 0]
    assert pruned == ["ours"]
