"""Deferring: a message that a transient failure delays for long is sent again later."""

from collections.abc import Callable
from typing import Any

import pytest

from reading_club.adapters.eventstream.testing import ConsumerFixture, on_the_wire
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.domain.messages import BookRegistered, ClubEvent
from reading_club.eventstream.dead_letters.writer import DeadLetterWriter
from reading_club.eventstream.errors import StorageBusy, StorageUnavailable, TransientFailure
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import activity
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_event

ATTEMPTS = 5
Consume = Callable[[Subscriber[Any, Any]], EventTask]


class SlowSubscriber(Subscriber[ClubEvent, AbstractUnitOfWork]):
    """A subscriber that records events, and raises ``error`` at each with the title Slow."""

    def __init__(self, error: TransientFailure) -> None:
        super().__init__("slow")
        self.error = error
        self.on(BookRegistered)(self._record)

    async def _record(self, event: BookRegistered, uow: AbstractUnitOfWork) -> None:
        await activity.handle(event, uow)
        if event.title == "Slow":
            raise self.error


@pytest.fixture(autouse=True)
def _held(club: ConsumerFixture) -> None:
    club.hold, club.hold_busy = 45.0, 10.0


def stalls(club: ConsumerFixture) -> list[int]:
    """Return the counted stalls in the database."""
    return [count.stalls for count in club.database.attempts.values()]


@pytest.mark.parametrize(
    ("error", "seconds"), [(StorageBusy("busy"), 10.0), (StorageUnavailable("lost"), 45.0)]
)
def test_a_message_is_deferred_after_its_holding_time(
    consume: Consume, club: ConsumerFixture, error: TransientFailure, seconds: float
) -> None:
    """Deferral, earlier if the database answers: no attempt is counted, the row has the reason."""
    event, start = an_event("Slow"), club.time()

    consume(SlowSubscriber(error)).receive(on_the_wire(event))

    (row,) = club.database.outbox.values()
    assert (row.key.message_id, row.reason, row.attempted) == (event.message_id, str(error), True)
    assert seconds <= club.time() - start < seconds + 5
    assert (row.leased_until - club.now).total_seconds() == 5.0
    assert [count.number for count in club.database.attempts.values()] == [0]
    assert club.dead_letters == []


def test_the_holding_time_starts_at_arrival(consume: Consume, club: ConsumerFixture) -> None:
    """The holding time starts at arrival: a late message is tried once and deferred."""
    arrived = club.time() - 50.0

    consume(SlowSubscriber(StorageUnavailable("lost"))).receive(
        on_the_wire(an_event("Slow")), arrived=arrived
    )

    assert len(club.database.outbox) == 1
    assert club.waits == []


def test_a_message_is_held_while_it_cannot_be_deferred(
    consume: Consume, club: ConsumerFixture
) -> None:
    """If the database accepts no row either, the message is held until it is back."""
    club.opening = [StorageUnavailable("away")] * 41
    event = an_event()

    consume(SlowSubscriber(StorageUnavailable("lost"))).receive(on_the_wire(event))

    assert sum(club.waits) > 45.0
    assert list(club.database.activity) == [event.message_id]
    assert dict(club.database.outbox) == {}


def stall(consumer: EventTask, club: ConsumerFixture, event: BookRegistered) -> float | None:
    """Deliver a slow event once more, and return the seconds until it is sent again."""
    club.database.outbox.clear()
    consumer.receive(on_the_wire(event), suspected=True)
    for row in club.database.outbox.values():
        return float((row.leased_until - club.now).total_seconds())
    return None


def test_an_event_that_is_always_too_slow_becomes_a_dead_letter(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Pauses grow, and the fifth counted stall makes a dead letter, if other events succeed."""
    consumer, event = (
        consume(SlowSubscriber(StorageBusy("the statement took too long"))),
        an_event("Slow"),
    )
    pauses = []
    for _ in range(ATTEMPTS + 1):
        pauses.append(stall(consumer, club, event))
        club.pass_(1.0)
        consumer.receive(on_the_wire(an_event()))

    assert pauses == [5.0, 20.0, 80.0, 320.0, 1280.0, None]
    (letter,) = club.dead_letters
    assert (letter.message_id, letter.attempts) == (event.message_id, ATTEMPTS)
    assert letter.error == "StorageBusy: the statement took too long"
    assert dict(club.database.attempts) == {}


def test_a_stall_of_all_events_is_not_counted(consume: Consume, club: ConsumerFixture) -> None:
    """While the subscriber receives no event, no stall is counted, however long that lasts."""
    consumer, event = consume(SlowSubscriber(StorageBusy("busy"))), an_event("Slow")

    pauses = [stall(consumer, club, event) for _ in range(20)]

    assert pauses == [5.0] * 20
    assert (stalls(club), club.dead_letters) == ([0], [])


def test_refused_access_is_an_outage_and_no_stall(consume: Consume, club: ConsumerFixture) -> None:
    """Refused access to a table is an outage of one event, and no counted stall."""
    error = StorageUnavailable("the database refuses access")
    consumer, event = consume(SlowSubscriber(error)), an_event("Slow")
    for _ in range(ATTEMPTS + 2):
        stall(consumer, club, event)
        club.pass_(1.0)
        consumer.receive(on_the_wire(an_event()))

    assert (stalls(club), club.dead_letters) == ([0], [])


def test_an_unreadable_message_is_held_until_its_dead_letter_is_stored(
    consume: Consume,
    club: ConsumerFixture,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An unreadable message is held during an outage: it has no outbox row, no traceback."""
    keep, outages = DeadLetterWriter.set_aside, [StorageUnavailable("away")] * 60

    async def set_aside(writer: DeadLetterWriter, *arguments: Any) -> None:
        if outages:
            raise outages.pop()
        await keep(writer, *arguments)

    monkeypatch.setattr(DeadLetterWriter, "set_aside", set_aside)
    consume(SlowSubscriber(StorageBusy("busy"))).receive("no event")

    assert len(club.dead_letters) == 1
    assert dict(club.database.outbox) == {}
    assert [record for record in caplog.records if record.exc_info] == []


def test_events_of_another_subscriber_make_no_stall_count(
    consume: Consume, club: ConsumerFixture
) -> None:
    """Events that another subscriber receives do not make a stall count."""
    consumer, event = consume(SlowSubscriber(StorageBusy("busy"))), an_event("Slow")
    for _ in range(20):
        stall(consumer, club, event)
        club.pass_(1.0)
        club.database.inbox[InboxKey("other", an_event().message_id)] = club.now

    assert (stalls(club), club.dead_letters) == ([0], [])
