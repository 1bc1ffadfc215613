"""The reconciler re-sends missing events."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable, QueueRefused
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import wire_type
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.builders import an_event
from reading_club.testing.recording_metrics import RecordingMetrics

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AFTER = 60.0


class QueueInspector:
    """Fake queues, empty unless named in ``long``; ``is_empty`` raises ``error`` if it is set.

    Those in ``refused`` cannot be declared, those in ``silent`` do not answer; ``asked`` has calls.
    """

    def __init__(self) -> None:
        self.long: set[str] = set()
        self.refused: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.silent: set[str] = set()

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Record the call; raise if refused."""
        self.asked.append(("declare", subscriber.name))
        if subscriber.name in self.refused:
            raise QueueRefused(f"queue {subscriber.name} cannot be declared: PRECONDITION_FAILED")

    def is_empty(self, subscriber: str) -> bool:
        """Record the call; answer by ``long``, or raise."""
        self.asked.append(("is_empty", subscriber))
        if self.error is not None:
            raise self.error
        if subscriber in self.silent:
            raise EventstreamUnavailable("the broker does not say")
        return subscriber not in self.long


@pytest.fixture
def database() -> InMemoryDatabase:
    """A database whose clock stands still."""
    return InMemoryDatabase(lambda: NOW)


@pytest.fixture
def queues() -> QueueInspector:
    """The queues of all subscribers."""
    return QueueInspector()


@pytest.fixture
async def reconciler(database: InMemoryDatabase, queues: QueueInspector) -> Reconciler:
    """A reconciler of subscribers that subscribed a day ago."""

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(InMemoryEventstreamTransport(), database)

    for subscriber in SUBSCRIBERS:
        for type_ in subscriber.types:
            database.subscriptions[subscriber.name, type_] = NOW - timedelta(days=1)
    return Reconciler(SUBSCRIBERS, queues, make_uow, after=AFTER, limit=2)


def lose(database: InMemoryDatabase, count: int) -> set[OutboxKey]:
    """Store events that no subscriber received; return the keys to re-send."""
    events = [an_event() for _ in range(count)]
    for event in events:
        database.messages[event.message_id] = event
        database.recorded[event.message_id] = NOW - timedelta(seconds=AFTER)
    concerned = [s for s in SUBSCRIBERS if wire_type(events[0]) in s.types]
    return {OutboxKey(e.message_id, s.name) for e in events for s in concerned}


async def test_everything_that_is_missing_is_sent_again(
    reconciler: Reconciler, database: InMemoryDatabase
) -> None:
    """Each subscriber gets its missing events once, in several transactions."""
    missing = lose(database, 5)

    assert await reconciler.run_once() == len(missing)
    assert await reconciler.run_once() == 0
    assert set(database.outbox) == missing


async def test_what_is_sent_again_is_counted(
    reconciler: Reconciler, database: InMemoryDatabase
) -> None:
    """The metrics have the number for each subscriber, in all transactions."""
    metrics = RecordingMetrics()
    lose(database, 5)

    await replace(reconciler, metrics=metrics).run_once()

    assert metrics.counts == {("resent", s.name): 5 for s in SUBSCRIBERS}


async def test_a_subscriber_that_is_behind_is_left_alone(
    reconciler: Reconciler, database: InMemoryDatabase, queues: QueueInspector
) -> None:
    """An event is late if the queue is long, and missing if the queue is empty."""
    missing = lose(database, 1)
    queues.long = {"catalogue"}

    await reconciler.run_once()

    assert set(database.outbox) == {key for key in missing if key.subscriber == "activity"}


async def test_bindings_are_put_back_before_anything_is_sent_again(
    reconciler: Reconciler, queues: QueueInspector
) -> None:
    """Each queue is declared before it is inspected, in every pass."""
    for _ in range(2):
        await reconciler.run_once()

    names = [subscriber.name for subscriber in SUBSCRIBERS]
    assert queues.asked == [(act, n) for n in names for act in ("declare", "is_empty")] * 2


async def test_a_queue_that_is_refused_is_its_subscribers_trouble(
    reconciler: Reconciler,
    database: InMemoryDatabase,
    queues: QueueInspector,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The refusal is logged; missing events are re-sent to all subscribers."""
    missing = lose(database, 1)
    queues.refused = {SUBSCRIBERS[0].name}

    assert await reconciler.run_once() == len(missing)

    (record,) = caplog.records
    fields = vars(record)
    assert fields["subscriber"] == SUBSCRIBERS[0].name
    assert "PRECONDITION_FAILED" in fields["reason"]


async def test_a_queue_that_does_not_answer_is_its_subscribers_trouble(
    reconciler: Reconciler, queues: QueueInspector, database: InMemoryDatabase
) -> None:
    """The other subscribers are processed; then the failure is raised."""
    missing = lose(database, 1)
    queues.silent = {"activity"}

    with pytest.raises(EventstreamUnavailable):
        await reconciler.run_once()

    assert set(database.outbox) == {key for key in missing if key.subscriber == "catalogue"}


async def test_without_the_broker_nothing_is_decided(
    reconciler: Reconciler, database: InMemoryDatabase, queues: QueueInspector
) -> None:
    """If the broker does not answer, the pass raises and re-sends nothing."""
    lose(database, 1)
    queues.error = EventstreamUnavailable("away")

    with pytest.raises(EventstreamUnavailable):
        await reconciler.run_once()

    assert dict(database.outbox) == {}


async def test_what_was_parked_is_sent_to_the_release_that_knows_it(
    reconciler: Reconciler, database: InMemoryDatabase
) -> None:
    """An older worker may have parked the event after the newer release started."""
    event = an_event()
    letter = DeadLetter(
        subscriber="activity",
        message_id=event.message_id,
        type="book_registered_v1",
        envelope={"id": str(event.message_id), "type": "book_registered_v1"},
        error="UnknownEvent",
        set_aside_at=NOW,
        parked=True,
    )
    database.dead_letters["activity", event.message_id] = letter

    await reconciler.run_once()

    assert dict(database.dead_letters) == {}
    assert set(database.outbox) == {OutboxKey(event.message_id, "activity")}
