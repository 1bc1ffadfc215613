"""Attempts that an outage or a stop ends are not counted."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.rows import Count
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageBusy
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

Consume = Callable[[Subscriber[Any, Any]], EventTask]


def redeliver(consumer: EventTask, event: BookRegistered) -> None:
    """Deliver an event that may have killed a worker."""
    consumer.receive(on_the_wire(event), suspected=True)


@pytest.mark.parametrize("restarts", [1, 6])
def test_an_attempt_that_an_outage_ended_is_taken_back(
    consume: Consume, club: ConsumerFixture, restarts: int
) -> None:
    """An outage undoes the count, before a retry or a requeue."""
    club.stop_after = 1
    event = an_event()
    for _ in range(restarts):
        with pytest.raises(Reject):
            redeliver(consume(FailingSubscriber(activity, forever=StorageBusy("busy"))), event)

    assert club.attempts == [0]
    assert club.dead_letters == []


def test_an_attempt_that_cannot_be_taken_back_goes_on(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database does not take the undo, the count stays at one during the outage."""

    async def away(*_: Any) -> None:
        raise StorageBusy("away")

    monkeypatch.setattr(InMemoryInbox, "take_back_attempt", away)
    outage = [StorageBusy("away")] * 9
    failing = FailingSubscriber(activity, *outage, forever=ProcessKilled())

    with pytest.raises(ProcessKilled):
        redeliver(consume(failing), an_event())

    assert club.attempts == [1]
    assert failing.calls == 10


def test_what_another_worker_has_counted_meanwhile_is_not_taken_back(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two copies that come together one is handled, and the other one put off."""
    event, count = an_event(), InMemoryInbox.count_attempt
    failing = FailingSubscriber(activity, forever=StorageBusy("busy"))
    key = InboxKey(failing.name, event.message_id)
    club.database.attempts[key] = Count(1, club.now - timedelta(days=1))

    async def count_second(*arguments: Any, **options: Any) -> Any:
        club.database.attempts[key] = Count(2, club.now)
        return await count(*arguments, **options)

    monkeypatch.setattr(InMemoryInbox, "count_attempt", count_second)
    redeliver(consume(failing), event)

    assert club.attempts == [2]
    assert (len(club.database.outbox), failing.calls) == (1, 0)


def test_an_attempt_that_a_stop_ended_is_taken_back(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A handler that a stop cancels undoes the count."""
    club.stop_after = 1
    consumer = consume(FailingSubscriber(activity, asyncio.CancelledError()))

    with pytest.raises(Reject):
        consumer.receive(on_the_wire(an_event()), suspected=True)

    assert club.attempts == [0]
