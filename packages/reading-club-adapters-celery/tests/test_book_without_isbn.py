"""A book without an ISBN has no first version: subscribers of that version alone get nothing."""

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from celery import Celery
from kombu import pools
from lastuuid import uuid7

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.testing.batch_publisher import BatchPublisherFixtures
from reading_club.adapters.eventstream.testing.publisher import Arrived
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import (
    BookRegistered,
    BookRegisteredV2,
    ClubCommand,
    CorrectBook,
    RegisterBook,
    WithdrawBook,
)
from reading_club.eventstream.outside import OutsideSubscriber
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import EventPublisher
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.bus import build_bus
from reading_club.service.versions import VERSIONS
from reading_club.testing.builders import an_event, an_isbn

V1, V2 = "book_registered_v1", "book_registered_v2"
SUBSCRIBERS: Final = (
    OutsideSubscriber("old", [V1]),
    OutsideSubscriber("both", [V1, V2]),
    OutsideSubscriber("newest", [V2]),
)


def without_isbn() -> BookRegisteredV2:
    """Return the event of a book without an ISBN."""
    return BookRegisteredV2(id=uuid7(), title="Beowulf", authors=["unknown"])


def to_all(event: BookRegistered | BookRegisteredV2) -> OutboxMessage:
    """Return the outbox message of an event, for all subscribers."""
    key = OutboxKey(event.message_id, ALL_SUBSCRIBERS)
    return OutboxMessage(key, on_the_wire(event))


class TestOnTheBroker(BatchPublisherFixtures):
    """The in-memory broker, and subscribers to different versions of the club's event."""

    @pytest.fixture
    def app(self, memory_app: Celery) -> Iterator[Celery]:
        """A publisher's application that knows the subscribers and the club's versions."""
        app = publisher_app(
            str(memory_app.conf.broker_url),
            SUBSCRIBERS,
            unwanted=self.unwanted,
            versions=VERSIONS,
        )
        queues = SubscriberQueues(app)
        for subscriber in SUBSCRIBERS:
            queues.delete(subscriber)
        yield app
        app.close()
        pools.reset()

    def test_a_subscriber_of_the_first_version_alone_gets_nothing_of_it(
        self, publisher: EventPublisher, arrived: Arrived
    ) -> None:
        """The event is confirmed, and goes once to each queue of the second version."""
        book, other = to_all(without_isbn()), to_all(an_event())

        published = publisher.publish([book, other])

        assert set(published.confirmed) == {book.key, other.key}
        assert (published.failed, published.refused, published.outage) == ({}, {}, None)
        assert [each["id"] for each in arrived("old")] == [other.envelope["id"]]
        assert arrived("both") == [book.envelope, other.envelope]
        assert [each["type"] for each in arrived("newest")] == [V2, V2]

    async def test_what_the_club_publishes_of_it_is_no_dead_letter(
        self,
        publisher: EventPublisher,
        arrived: Arrived,
        consume: Callable[[Subscriber[Any, Any]], EventTask],
        club: ConsumerFixture,
    ) -> None:
        """A program of the first version alone handles the other book, and has no other message."""
        book = RegisterBook(title="Beowulf", author="unknown")
        other = RegisterBook(isbn=an_isbn(), title="Momo", author="Michael Ende")
        correct = CorrectBook(id=book.id, title="Beowulf", author="A", corrected_by=other.id)
        events = await published_by(
            book, other, correct, WithdrawBook(id=book.id, withdrawn_by=other.id)
        )
        keys = [OutboxKey(UUID(each["id"]), ALL_SUBSCRIBERS) for each in events]
        handled: list[UUID] = []
        old = Subscriber[Any, Any]("old")

        @old.on(BookRegistered)
        async def put(event: BookRegistered, _: object) -> None:
            handled.append(event.id)

        publisher.publish(list(map(OutboxMessage, keys, events)))
        assert consume(old).receive_batch(arrived("old"))

        assert [each["type"] for each in events[:2]] == [V2, V1]
        assert handled == [other.id]
        assert club.dead_letters == []
        assert [each["type"] for each in arrived("newest")] == [V2, V2]


async def published_by(*commands: ClubCommand) -> list[dict[str, Any]]:
    """Return the envelopes of the events that the club publishes for the commands."""
    transport, bus = InMemoryEventstreamTransport(), build_bus()
    async with InMemoryUnitOfWork(transport) as transaction:
        for command in commands:
            await bus.handle(command, transaction)
        await transaction.commit()
    return [dict(each) for each in transport.events]


async def test_it_is_not_missing_at_a_subscriber_of_the_first_version_alone() -> None:
    """The reconciler sends it again to a subscriber of the second version alone."""
    uow = InMemoryUnitOfWork(InMemoryEventstreamTransport())
    async with uow as transaction:
        await transaction.uow.subscriptions.subscribe("old", [V1])
        await transaction.uow.subscriptions.subscribe("newest", [V2])
        await transaction.commit()
    async with uow as transaction:
        await transaction.uow.messagestore.add(without_isbn())
        await transaction.commit()

    found = {}
    for name in ("old", "newest"):
        async with uow as transaction:
            found[name] = await transaction.uow.subscriptions.requeue_missing(
                name, idle=True, after=0.0, horizon=60.0, limit=10
            )
            await transaction.commit()

    assert found == {"old": 0, "newest": 1}


def test_beside_it_a_handler_of_the_second_version_gets_books_with_an_isbn(
    consume: Callable[[Subscriber[Any, Any]], EventTask], club: ConsumerFixture
) -> None:
    """In one batch both are handled, the first version upcast, and none is a dead letter."""
    handled: list[str] = []
    subscriber = Subscriber[Any, Any]("newest", versions=VERSIONS)

    @subscriber.on(BookRegisteredV2)
    async def put(event: BookRegisteredV2, _: object) -> None:
        handled.append("without" if event.isbn is None else "with")

    events = [on_the_wire(each) for each in (without_isbn(), an_event())]
    assert consume(subscriber).receive_batch(events)

    assert sorted(handled) == ["with", "without"]
    assert club.dead_letters == []
