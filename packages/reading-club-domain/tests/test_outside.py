"""Adding, following and removing subscribers in other programs, and their history."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.eventstream.outside import (
    FORGET,
    OutsideSubscriber,
    add_outside,
    following,
    remove_outside,
)
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.subscriber import Subscriber
from reading_club.testing.relay_fixture import RelayFixture

DIGEST = OutsideSubscriber("digest", ["book_registered_v1"])
WITHIN = 10.0


class Broker:
    """A broker's queues by name, and what was done, in order."""

    def __init__(self) -> None:
        self.queues: set[str] = set()
        self.done: list[object] = []
        self.away = False

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Make a queue, or raise EventstreamUnavailable."""
        if self.away:
            raise EventstreamUnavailable("the broker does not say")
        self.queues.add(subscriber.name)

    def delete(self, subscriber: Subscriber[Any, Any]) -> None:
        """Delete a queue."""
        self.done.append("delete")
        self.queues.discard(subscriber.name)

    def is_empty(self, subscriber: str) -> bool:
        """Whether there is no such queue: none of them has messages."""
        return bool(subscriber)

    async def sleep(self, seconds: float) -> None:
        """Record a pause."""
        self.done.append(seconds)


class Club(RelayFixture):
    """A database with a relay, and the queues of its broker."""

    def __init__(self) -> None:
        super().__init__()
        self.queues = Broker()

    def make_uow(self) -> InMemoryUnitOfWork:
        """Return a unit of work that sends nothing."""
        return InMemoryUnitOfWork(RecordingOutboxTransport(), self.database)

    async def add(self) -> None:
        """Add the subscriber ``digest``."""
        await add_outside(DIGEST, self.make_uow, self.queues)


@pytest.fixture
def club() -> Club:
    """A club without subscribers outside."""
    return Club()


async def test_a_queue_is_declared_before_its_events_are_subscribed(club: Club) -> None:
    """Without the broker nothing is stored; with it there are a queue and a subscription."""
    club.queues.away = True
    with pytest.raises(EventstreamUnavailable):
        await club.add()
    assert not club.database.subscriptions

    club.queues.away = False
    await club.add()

    assert club.queues.queues == {"digest"}
    assert club.database.outside == {("digest", "book_registered_v1"): True}


async def test_the_reconciler_keeps_its_queue_and_sends_nothing_again(club: Club) -> None:
    """A deleted queue is declared in each pass. Without receipts, nothing tells what is missing."""
    await club.add()
    await club.commit(1)
    club.clock.advance(600)
    club.database.outbox.clear()
    club.queues.queues.clear()

    await Reconciler((), club.queues, club.make_uow).run_once()

    assert club.queues.queues == {"digest"}
    assert not club.database.outbox


async def test_an_outage_of_the_broker_is_the_reconcilers_failure(club: Club) -> None:
    """The queue of a subscriber outside that cannot be declared is told like any other."""
    await club.add()
    club.queues.away = True

    with pytest.raises(EventstreamUnavailable):
        await Reconciler((), club.queues, club.make_uow).run_once()


async def test_one_that_is_removed_leaves_nothing(club: Club) -> None:
    """Subscription, outbox rows, dead letters and queue go, the queue last of all."""
    await club.add()
    (event,) = await club.commit(1)
    key, id_ = OutboxKey(event.message_id, "digest"), uuid7()
    letter = DeadLetter(
        subscriber="digest",
        message_id=id_,
        type="",
        envelope={},
        error="",
        set_aside_at=datetime.now(UTC),
    )
    async with club.make_uow() as transaction:
        await transaction.uow.outbox.add(key)
        await transaction.uow.dead_letters.add(letter)
        await transaction.commit()

    assert await remove_outside(DIGEST, club.make_uow, club.queues, club.queues.sleep)

    assert club.queues.done == [FORGET, "delete"]
    assert not club.queues.queues
    assert list(club.database.outbox) == [OutboxKey(event.message_id)]
    assert not club.database.dead_letters
    assert not club.database.subscriptions
    assert not await remove_outside(DIGEST, club.make_uow, club.queues, club.queues.sleep)


async def test_rows_that_a_relay_adds_while_one_is_removed_go_as_well(club: Club) -> None:
    """A relay that read the subscriptions before may write its rows after."""
    await club.add()
    (event,) = await club.commit(1)

    async def sleep(_: float) -> None:
        async with club.make_uow() as transaction:
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "digest"))
            await transaction.commit()

    await remove_outside(DIGEST, club.make_uow, club.queues, sleep)

    assert list(club.database.outbox) == [OutboxKey(event.message_id)]


async def test_a_process_learns_who_came_and_went(club: Club) -> None:
    """Changes are routed without a restart; an outage of the database changes nothing."""
    routed: list[list[str]] = []
    changed = asyncio.Event()

    def route(subscribers: Sequence[OutsideSubscriber]) -> None:
        routed.append([subscriber.name for subscriber in subscribers])
        changed.set()

    async with asyncio.timeout(WITHIN), following(club.make_uow, route, every=0.0):
        await club.add()
        await changed.wait()
        club.database.error = StorageUnavailable("away")
        for _ in range(20):
            await asyncio.sleep(0)
        club.database.error = None
        changed.clear()
        await remove_outside(DIGEST, club.make_uow, club.queues, club.queues.sleep)
        await changed.wait()

    assert routed == [["digest"], []]


def test_one_outside_is_a_subscriber_of_types_without_handlers() -> None:
    """Its name is checked as that of any subscriber."""
    assert DIGEST.types == {"book_registered_v1"}
    assert DIGEST.handlers == {}

    with pytest.raises(ValueError, match="all subscribers"):
        OutsideSubscriber("", ["book_registered_v1"])
