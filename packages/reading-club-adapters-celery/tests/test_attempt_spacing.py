"""Pauses between attempts of a message that may have killed its worker."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.memory.database import Count
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.domain.messages import BookRegistered
from reading_club.eventstream.errors import StorageBusy, StorageUnavailable
from reading_club.eventstream.inbox.dead_letter_writer import DeadLetterWriter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event

ATTEMPTS = 5
PAUSES = [5.0, 20.0, 80.0, 320.0]
Consume = Callable[[Subscriber[Any]], EventTask]


class Killed(BaseException):
    """Simulates the death of the process."""


class Failing(Subscriber[AbstractUnitOfWork]):
    """A subscriber that raises ``errors``, one at each event, and then ``forever``."""

    def __init__(self, *errors: BaseException, forever: BaseException | None = None) -> None:
        super().__init__("failing")
        self.errors, self.forever = list(errors), forever
        self.calls = 0
        self.on(BookRegistered)(self._record)

    async def _record(self, event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        self.calls += 1
        await activity.handle(event, uow)
        error = self.errors.pop(0) if self.errors else self.forever
        if error is not None:
            raise error


def numbers(club: ConsumerFixture) -> list[int]:
    """Return the counted attempts in the database."""
    return [count.number for count in club.database.attempts.values()]


def waits(club: ConsumerFixture) -> float | None:
    """Return the seconds until the only outbox row is due, or None without a row."""
    for row in club.database.outbox.values():
        return float((row.leased_until - club.now).total_seconds())
    return None


def deliver(consumer: EventTask, event: BookRegistered) -> bool:
    """Redeliver an event; return whether the process died."""
    try:
        consumer.receive(on_the_wire(event), suspected=True)
    except Killed:
        return True
    return False


def test_attempts_are_spaced_by_growing_pauses(consume: Consume, club: ConsumerFixture) -> None:
    """A redelivery during the pause is deferred until the pause ends, by the database's clock."""
    failing, event = Failing(forever=Killed()), an_event()
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
    (letter,) = club.letters
    assert (letter.attempts, letter.error.partition(":")[0]) == (
        ATTEMPTS,
        "RedeliveryLimitExceeded",
    )


def test_a_late_copy_of_a_dead_letter_is_not_tried_again(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A late redelivery of a dead letter is neither handled nor counted."""
    failing, event = Failing(forever=ValueError("poison")), an_event()
    deliver(consume(failing), event)
    before = list(club.letters)

    deliver(consume(failing), event)

    assert failing.calls == ATTEMPTS
    assert club.letters == before
    assert len(before) == 1
    assert (numbers(club), waits(club)) == ([], None)


def test_a_first_copy_of_a_dead_letter_leaves_no_count(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A copy of a dead letter that is delivered for the first time is tried once, uncounted."""
    failing, event = Failing(forever=ValueError("poison")), an_event()
    consume(failing).receive(on_the_wire(event))

    consume(failing).receive(on_the_wire(event))

    assert failing.calls == ATTEMPTS + 1
    assert (len(club.letters), numbers(club), waits(club)) == (1, [], None)


def test_what_is_given_up_in_an_outage_is_not_handled_again(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its last attempt an event is a dead letter once the database is back, unhandled."""
    failing, event = Failing(), an_event()
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
    assert len(club.letters) == 1


def test_what_is_put_off_is_its_subscribers_row(consume: Consume, club: ConsumerFixture) -> None:
    """The outbox row has subscriber, envelope, the mark ``attempted`` and the reason."""
    failing, event = Failing(Killed()), an_event()
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
    failing, event = Failing(*[Killed()] * 6), an_event()
    for second in range(75):
        if waits(club) is None or (waits(club) or 0.0) <= 0:
            club.database.outbox.clear()
            deliver(consume(failing), event)
        club.pass_(1.0)
        assert second < 74 or club.letters == []
    failing.errors = []
    club.pass_(max(PAUSES))

    assert not deliver(consume(failing), event)

    assert list(club.database.activity) == [event.message_id]
    assert (club.letters, numbers(club)) == ([], [])


@pytest.mark.parametrize("restarts", [1, 6])
def test_an_attempt_that_an_outage_ended_is_taken_back(
    consume: Consume, club: ConsumerFixture, restarts: int
) -> None:
    """An outage undoes the count, before a retry or a requeue."""
    club.stop_after = 1
    event = an_event()
    for _ in range(restarts):
        with pytest.raises(Reject):
            deliver(consume(Failing(forever=StorageBusy("busy"))), event)

    assert numbers(club) == [0]
    assert club.letters == []


def test_where_it_cannot_be_taken_back_the_attempt_goes_on(
    consume: Consume, club: ConsumerFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database does not take the undo, the count stays at one during the outage."""

    async def away(*_: Any) -> None:
        raise StorageBusy("away")

    monkeypatch.setattr(InMemoryInbox, "take_back_attempt", away)
    failing, event = Failing(*[StorageBusy("away")] * 9, forever=Killed()), an_event()

    assert deliver(consume(failing), event)

    assert numbers(club) == [1]
    assert failing.calls == 10


def test_an_attempt_that_a_stop_ended_is_taken_back(
    consume: Consume, club: ConsumerFixture
) -> None:
    """A handler that a stop cancels undoes the count."""
    club.stop_after = 1
    consumer = consume(Failing(asyncio.CancelledError()))

    with pytest.raises(Reject):
        consumer.receive(on_the_wire(an_event()), suspected=True)

    assert numbers(club) == [0]


def test_a_good_event_among_suspects_does_not_wait(consume: Consume, club: ConsumerFixture) -> None:
    """The first counted attempt of a redelivered event is made at once."""
    event = an_event()

    assert not deliver(consume(Failing()), event)

    assert list(club.database.activity) == [event.message_id]
    assert (waits(club), club.waits) == (None, [])


def test_what_took_effect_meanwhile_is_not_put_off(consume: Consume, club: ConsumerFixture) -> None:
    """A redelivery after another copy took effect leaves no outbox row."""
    failing, event = Failing(Killed()), an_event()
    deliver(consume(failing), event)
    consume(failing).receive_together([on_the_wire(event)])

    assert not deliver(consume(failing), event)

    assert dict(club.database.outbox) == {}
    assert failing.calls == 2
