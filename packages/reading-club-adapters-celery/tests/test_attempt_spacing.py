"""Pauses between attempts of a message that may have killed its worker."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from reading_club.adapters.eventstream.testing import (
    ConsumerFixture,
    FailingSubscriber,
    ProcessKilled,
    on_the_wire,
)
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.rows import Count
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.dead_letters.writer import DeadLetterWriter
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event

ATTEMPTS = 5
PAUSES = [5.0, 20.0, 80.0, 320.0]
Consume = Callable[[Subscriber[Any, Any]], EventTask]


def waits(club: ConsumerFixture) -> float | None:
    """Return the seconds until the only outbox row is due, or None without a row."""
    for row in club.database.outbox.values():
        return float((row.leased_until - club.now).total_seconds())
    return None


def deliver(consumer: EventTask, event: BookRegistered) -> bool:
    """Redeliver an event; return whether the process died."""
    try:
        consumer.receive(on_the_wire(event), suspected=True)
    except ProcessKilled:
        return True
    return False


def test_attempts_are_spaced_by_growing_pauses(consume: Consume, club: ConsumerFixture) -> None:
    """A redelivery during the pause is deferred until the pause ends, by the database's clock."""
    failing, event = FailingSubscriber(activity, forever=ProcessKilled()), an_event()
    seen = []
    for _ in PAUSES:
        assert deliver(consume(failing), event)
        assert not deliver(consume(failing), event)
        seen.append(waits(club))
        club.pass_(waits(club) or 0.0)
    assert deliver(consume(failing), event)
    club.pass_(PAUSES[0])
    assert not deliver(consume(failing), event)

    assert seen == PAUSES
    assert failing.calls == ATTEMPTS
    (letter,) = club.dead_letters
    assert (letter.attempts, letter.error.partition(":")[0]) == (
        ATTEMPTS,
        "RedeliveryLimitExceeded",
    )


def test_a_late_copy_of_a_dead_letter_is_not_tried_again(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A late redelivery of a dead letter is neither handled nor counted."""
    failing, event = FailingSubscriber(activity, forever=ValueError("poison")), an_event()
    deliver(consume(failing), event)
    before = list(club.dead_letters)

    deliver(consume(failing), event)

    assert failing.calls == ATTEMPTS
    assert club.dead_letters == before
    assert len(before) == 1
    assert (club.attempts, waits(club)) == ([], None)


def test_a_first_copy_of_a_dead_letter_leaves_no_count(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A copy of a dead letter that is delivered for the first time is tried once, uncounted."""
    failing, event = FailingSubscriber(activity, forever=ValueError("poison")), an_event()
    consume(failing).receive(on_the_wire(event))

    consume(failing).receive(on_the_wire(event))

    assert failing.calls == ATTEMPTS + 1
    assert (len(club.dead_letters), club.attempts, waits(club)) == (1, [], None)


def test_a_message_given_up_in_an_outage_is_not_handled_again(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its last attempt an event is a dead letter once the database is back, unhandled."""
    failing, event = FailingSubscriber(activity), an_event()
    receipt = InboxKey("failing", event.message_id)
    club.database.attempts[receipt] = Count(ATTEMPTS, club.now - timedelta(hours=1))
    keep, outages = DeadLetterWriter.set_aside, [StorageUnavailable("away")]

    async def set_aside(writer: DeadLetterWriter, *arguments: Any) -> None:
        if outages:
            raise outages.pop()
        await keep(writer, *arguments)

    monkeypatch.setattr(DeadLetterWriter, "set_aside", set_aside)
    deliver(consume(failing), event)
    club.pass_(waits(club) or 0.0)
    deliver(consume(failing), event)

    assert failing.calls == 0
    assert len(club.dead_letters) == 1


def test_a_deferred_message_is_a_row_of_its_subscriber(
    consume: Consume, club: ConsumerFixture
) -> None:
    """The outbox row has subscriber, envelope, the mark ``attempted`` and the reason."""
    failing, event = FailingSubscriber(activity, ProcessKilled()), an_event()
    deliver(consume(failing), event)

    deliver(consume(failing), event)

    (row,) = club.database.outbox.values()
    assert (row.key, row.envelope) == (OutboxKey(event.message_id, "failing"), on_the_wire(event))
    assert row.attempted
    assert "next attempt" in (row.reason or "")


def test_six_kills_while_a_table_is_locked_make_no_dead_letter(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Six deaths within 74 s make no dead letter: the pauses let the event succeed later."""
    failing, event = FailingSubscriber(activity, *[ProcessKilled()] * 6), an_event()
    for second in range(75):
        if waits(club) is None or (waits(club) or 0.0) <= 0:
            club.database.outbox.clear()
            deliver(consume(failing), event)
        club.pass_(1.0)
        assert second < 74 or club.dead_letters == []
    failing.errors = []
    club.pass_(max(PAUSES))

    assert not deliver(consume(failing), event)

    assert list(club.database.activity) == [event.message_id]
    assert (club.dead_letters, club.attempts) == ([], [])


def test_a_first_counted_attempt_does_not_wait(consume: Consume, club: ConsumerFixture) -> None:
    """The first counted attempt of a redelivered event is made at once."""
    event = an_event()

    assert not deliver(consume(FailingSubscriber(activity)), event)

    assert list(club.database.activity) == [event.message_id]
    assert (waits(club), club.waits) == (None, [])


def test_an_event_that_took_effect_meanwhile_is_not_deferred(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A redelivery after another copy took effect leaves no outbox row."""
    failing, event = FailingSubscriber(activity, ProcessKilled()), an_event()
    deliver(consume(failing), event)
    consume(failing).receive_batch([on_the_wire(event)])

    assert not deliver(consume(failing), event)

    assert dict(club.database.outbox) == {}
    assert failing.calls == 2
