"""Attempts of what may have killed its worker are far apart, and others go on meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream import Consumer
from reading_club.adapters.eventstream.setting_aside import DeadLetterWriter
from reading_club.adapters.eventstream.testing import InMemoryClub, on_the_wire
from reading_club.domain.messages import BookRegistered
from reading_club.service.errors import StorageBusy, StorageUnavailable
from reading_club.service.inbox import Receipt
from reading_club.service.outbox import Key
from reading_club.service.projections import activity
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing import an_event
from reading_club.testing.inbox import InMemoryInbox
from reading_club.testing.memory import Count

ATTEMPTS = 5
PAUSES = [5.0, 20.0, 80.0, 320.0]
Consume = Callable[[Subscriber], Consumer]


class Killed(BaseException):
    """The end of the process, as far as a test can show it."""


class Failing(Subscriber):
    """Raises what it is given, at each event with this title."""

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


def numbers(club: InMemoryClub) -> list[int]:
    """Return the attempts that are on record."""
    return [count.number for count in club.database.attempts.values()]


def waits(club: InMemoryClub) -> float | None:
    """Return for how many seconds the only row of the outbox waits, or None without one."""
    for row in club.database.outbox.values():
        return (row.leased_until - club.now).total_seconds()
    return None


def deliver(consumer: Consumer, event: BookRegistered) -> bool:
    """Deliver an event that was delivered before; return whether the process died of it."""
    try:
        consumer.receive(on_the_wire(event), suspected=True)
    except Killed:
        return True
    return False


def test_attempts_are_spaced_by_growing_pauses(consume: Consume, club: InMemoryClub) -> None:
    """Too early it is put off, as its subscriber's row, until its time by the database's clock."""
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
    assert (letter.attempts, letter.error.partition(":")[0]) == (ATTEMPTS, "WorkerLost")


def test_a_late_copy_of_a_dead_letter_is_not_tried_again(
    consume: Consume, club: InMemoryClub
) -> None:
    """A killed worker held it; it is neither handled nor counted, and the letter stays."""
    failing, event = Failing(forever=ValueError("poison")), an_event()
    deliver(consume(failing), event)
    before = list(club.letters)

    deliver(consume(failing), event)

    assert failing.calls == ATTEMPTS
    assert club.letters == before
    assert len(before) == 1
    assert (numbers(club), waits(club)) == ([], None)


def test_a_first_copy_of_a_dead_letter_leaves_no_count(
    consume: Consume, club: InMemoryClub
) -> None:
    """It was not delivered before, as one that waited in the queue: it is tried once."""
    failing, event = Failing(forever=ValueError("poison")), an_event()
    consume(failing).receive(on_the_wire(event))

    consume(failing).receive(on_the_wire(event))

    assert failing.calls == ATTEMPTS + 1
    assert (len(club.letters), numbers(club), waits(club)) == (1, [], None)


def test_what_is_given_up_in_an_outage_is_not_handled_again(
    consume: Consume, club: InMemoryClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event kills its worker: it is given up when the database is back."""
    failing, event = Failing(), an_event()
    receipt = Receipt("failing", event.message_id)
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


def test_what_is_put_off_is_its_subscribers_row(consume: Consume, club: InMemoryClub) -> None:
    """Whole, marked as attempted, with the reason."""
    failing, event = Failing(Killed()), an_event()
    deliver(consume(failing), event)

    deliver(consume(failing), event)

    (row,) = club.database.outbox.values()
    assert (row.key, row.envelope) == (Key(event.message_id, "failing"), on_the_wire(event))
    assert row.attempted
    assert "next attempt" in (row.reason or "")


def test_six_kills_while_a_table_is_locked_make_no_dead_letter(
    consume: Consume, club: InMemoryClub
) -> None:
    """Within 74 seconds, whatever is delivered whenever a worker starts: it takes effect later."""
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
    consume: Consume, club: InMemoryClub, restarts: int
) -> None:
    """Before the message is tried again, or goes back because the worker stops."""
    club.stop_after = 1
    event = an_event()
    for _ in range(restarts):
        with pytest.raises(Reject):
            deliver(consume(Failing(forever=StorageBusy("busy"))), event)

    assert numbers(club) == [0]
    assert club.letters == []


def test_where_it_cannot_be_taken_back_the_attempt_goes_on(
    consume: Consume, club: InMemoryClub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away altogether: the count stays as it is, and does not grow."""

    async def away(*_: Any) -> None:
        raise StorageBusy("away")

    monkeypatch.setattr(InMemoryInbox, "take_back_attempt", away)
    failing, event = Failing(*[StorageBusy("away")] * 9, forever=Killed()), an_event()

    assert deliver(consume(failing), event)

    assert numbers(club) == [1]
    assert failing.calls == 10


def test_an_attempt_that_a_stop_ended_is_taken_back(consume: Consume, club: InMemoryClub) -> None:
    """The handler was cancelled: that is not its event's doing."""
    club.stop_after = 1
    consumer = consume(Failing(asyncio.CancelledError()))

    with pytest.raises(Reject):
        consumer.receive(on_the_wire(an_event()), suspected=True)

    assert numbers(club) == [0]


def test_a_good_event_among_suspects_does_not_wait(consume: Consume, club: InMemoryClub) -> None:
    """Its first counted attempt is made at once."""
    event = an_event()

    assert not deliver(consume(Failing()), event)

    assert list(club.database.activity) == [event.message_id]
    assert (waits(club), club.waits) == (None, [])


def test_what_took_effect_meanwhile_is_not_put_off(consume: Consume, club: InMemoryClub) -> None:
    """Another copy was handled: this one leaves no row, and its time needs no pause."""
    failing, event = Failing(Killed()), an_event()
    deliver(consume(failing), event)
    consume(failing).receive_together([on_the_wire(event)])

    assert not deliver(consume(failing), event)

    assert dict(club.database.outbox) == {}
    assert failing.calls == 2
