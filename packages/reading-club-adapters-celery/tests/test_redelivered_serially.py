"""Redelivered messages, which may have killed a worker, are handled one at a time."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered, ClubEvent
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event

TIMEOUT = 10.0


class BlockingSubscriber(Subscriber[ClubEvent, AbstractUnitOfWork]):
    """A subscriber that records events, and blocks at ``held`` until ``may_go_on``."""

    def __init__(self) -> None:
        super().__init__("holding")
        self.held = an_event("Hold me")
        self.began, self.may_go_on = threading.Event(), threading.Event()
        self.on(BookRegistered)(self._record)

    async def _record(self, event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        if event.title == self.held.title:
            self.began.set()
            await asyncio.to_thread(self.may_go_on.wait, TIMEOUT)
        await activity.handle(event, uow)


@pytest.fixture
def subscriber() -> BlockingSubscriber:
    """A subscriber that blocks at one event."""
    return BlockingSubscriber()


@pytest.fixture
def consumer(
    consume: Callable[[Subscriber[Any, Any]], EventTask],
    subscriber: BlockingSubscriber,
    club: ConsumerFixture,
) -> Iterator[EventTask]:
    """A consumer that is handling a redelivered message, which ends after the test."""
    consumer = consume(subscriber)
    with ThreadPoolExecutor(1) as pool:
        message = on_the_wire(subscriber.held)
        done = pool.submit(consumer.receive, message, suspected=True)
        assert subscriber.began.wait(TIMEOUT)
        yield consumer
        subscriber.may_go_on.set()
        done.result(TIMEOUT)
    assert dict(club.database.attempts) == {}


def test_a_waiting_redelivered_message_is_not_counted(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """A waiting redelivered message is not counted, and a stop requeues it."""
    club.stop_after = 3

    with pytest.raises(Reject):
        consumer.receive(on_the_wire(an_event()), suspected=True)

    assert [number.number for number in club.database.attempts.values()] == [1]
    assert list(club.database.activity) == []


def test_the_next_redelivered_message_is_handled_after_the_one_before(
    consumer: EventTask, subscriber: BlockingSubscriber, club: ConsumerFixture
) -> None:
    """The next redelivered message is handled when the one before is done."""
    event = an_event()

    def wait(_: float) -> bool:
        subscriber.may_go_on.set()
        return False

    consumer._wait = wait

    consumer.receive(on_the_wire(event), suspected=True)

    assert list(club.database.activity) == [subscriber.held.message_id, event.message_id]


def test_a_first_delivery_does_not_wait_for_redelivered_messages(
    consumer: EventTask, club: ConsumerFixture
) -> None:
    """A first delivery is handled while a redelivered message is tried."""
    event = an_event()

    consumer.receive(on_the_wire(event))

    assert list(club.database.activity) == [event.message_id]
    assert club.waits == []
