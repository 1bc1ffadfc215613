"""After a restore: queues are emptied, and what subscribers miss is put into the outbox."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.restored import empty_queues, requeue_missing
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.builders import an_event

DAY = 86_400.0
NAMES = [subscriber.name for subscriber in SUBSCRIBERS]


class RecordingQueues:
    """Records which queues were emptied; raises for the subscriber in ``silent``."""

    def __init__(self, silent: str | None = None) -> None:
        self.emptied: list[str] = []
        self.silent = silent

    def empty(self, subscriber: Subscriber[Any, Any]) -> None:
        """Record the call, or raise."""
        if subscriber.name == self.silent:
            raise EventstreamUnavailable("the broker does not say")
        self.emptied.append(subscriber.name)


@pytest.fixture
def database() -> InMemoryDatabase:
    """A restored database, of subscribers that subscribed years ago."""
    database = InMemoryDatabase(lambda: datetime.now(UTC))
    for subscriber in SUBSCRIBERS:
        for type_ in subscriber.types:
            database.subscriptions[subscriber.name, type_] = datetime(2020, 1, 1, tzinfo=UTC)
    return database


@pytest.fixture
def make_uow(database: InMemoryDatabase) -> Callable[[], InMemoryUnitOfWork]:
    """A factory of units of work on the restored database."""
    return lambda: InMemoryUnitOfWork(InMemoryEventstreamTransport(), database)


def recorded(database: InMemoryDatabase, days: float) -> UUID:
    """Store an event that was recorded ``days`` ago; return its id."""
    event = an_event()
    database.messages[event.message_id] = event
    database.recorded[event.message_id] = datetime.now(UTC) - timedelta(days=days)
    return event.message_id


async def test_each_queue_is_emptied() -> None:
    """Those of all given subscribers; a broker that does not answer is told."""
    queues = RecordingQueues()

    await empty_queues(SUBSCRIBERS, queues)

    assert queues.emptied == NAMES
    with pytest.raises(EventstreamUnavailable):
        await empty_queues(SUBSCRIBERS, RecordingQueues(silent=NAMES[-1]))


async def test_what_was_on_its_way_when_the_copy_was_made_is_sent_again(
    database: InMemoryDatabase, make_uow: Callable[[], InMemoryUnitOfWork]
) -> None:
    """Without regard to the age of the copy, in several transactions, and once."""
    missing = [recorded(database, 100 - n) for n in range(5)]
    received = recorded(database, 95.5)
    for name in NAMES:
        database.inbox[InboxKey(name, received)] = datetime.now(UTC)

    found = [await requeue_missing(SUBSCRIBERS, make_uow, horizon=7 * DAY, limit=2) for _ in "12"]

    assert found == [len(NAMES) * 5, 0]
    assert set(database.outbox) == {OutboxKey(id_, name) for id_ in missing for name in NAMES}


async def test_what_was_too_old_when_the_copy_was_made_is_not_sent_again(
    database: InMemoryDatabase, make_uow: Callable[[], InMemoryUnitOfWork]
) -> None:
    """Its inbox row may have been deleted before the copy was made."""
    recorded(database, 108)
    young = recorded(database, 100)

    await requeue_missing(SUBSCRIBERS, make_uow, horizon=7 * DAY)

    assert {key.message_id for key in database.outbox} == {young}


async def test_an_empty_club_misses_nothing(
    make_uow: Callable[[], InMemoryUnitOfWork],
) -> None:
    """Without any message there is nothing to send."""
    assert await requeue_missing(SUBSCRIBERS, make_uow, horizon=DAY) == 0
