"""The reconciler sends again what did not arrive."""

from datetime import UTC, datetime, timedelta

import pytest

from reading_club.service.dead_letters import DeadLetter
from reading_club.service.errors import EventstreamUnavailable, QueueRefused
from reading_club.service.outbox import Key
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.reconciler import Reconciler
from reading_club.service.subscriber import Subscriber
from reading_club.testing import (
    InMemoryEventstreamTransport,
    InMemoryUnitOfWork,
    MemoryDatabase,
    an_event,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AFTER = 60.0


class Queues:
    """Queues that are empty, unless they are named in ``long``, or the broker is away.

    Those in ``refused`` are not what they have to be, those in ``silent`` do not answer.
    ``asked`` is what was asked for, in order.
    """

    def __init__(self) -> None:
        self.long: set[str] = set()
        self.refused: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.silent: set[str] = set()

    def declare(self, subscriber: Subscriber) -> None:
        """Make it."""
        self.asked.append(("declare", subscriber.name))
        if subscriber.name in self.refused:
            raise QueueRefused(f"queue {subscriber.name} cannot be declared: PRECONDITION_FAILED")

    def is_empty(self, subscriber: str) -> bool:
        """Say so."""
        self.asked.append(("is_empty", subscriber))
        if self.error is not None:
            raise self.error
        if subscriber in self.silent:
            raise EventstreamUnavailable("the broker does not say")
        return subscriber not in self.long


@pytest.fixture
def database() -> MemoryDatabase:
    """A database whose clock stands still."""
    return MemoryDatabase(lambda: NOW)


@pytest.fixture
def queues() -> Queues:
    """The queues of all subscribers."""
    return Queues()


@pytest.fixture
async def reconciler(database: MemoryDatabase, queues: Queues) -> Reconciler:
    """A reconciler of a club to which everybody has subscribed long ago."""

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(InMemoryEventstreamTransport(), database)

    for subscriber in SUBSCRIBERS:
        for type_ in subscriber.types:
            database.subscriptions[subscriber.name, type_] = NOW - timedelta(days=1)
    return Reconciler(SUBSCRIBERS, queues, make_uow, after=AFTER, limit=2)


def lose(database: MemoryDatabase, count: int) -> set[Key]:
    """Let events get lost, and return what has to be sent again."""
    events = [an_event() for _ in range(count)]
    for event in events:
        database.messages[event.message_id] = event
        database.recorded[event.message_id] = NOW - timedelta(seconds=AFTER)
    return {Key(e.message_id, s.name) for e in events for s in SUBSCRIBERS}


async def test_everything_that_is_missing_is_sent_again(
    reconciler: Reconciler, database: MemoryDatabase
) -> None:
    """To each subscriber, by as many transactions as it takes, and once."""
    missing = lose(database, 5)

    assert await reconciler.run_once() == len(missing)
    assert await reconciler.run_once() == 0
    assert set(database.outbox) == missing


async def test_a_subscriber_that_is_behind_is_left_alone(
    reconciler: Reconciler, database: MemoryDatabase, queues: Queues
) -> None:
    """What waits in its queue is late; whoever has an empty one misses it."""
    missing = lose(database, 1)
    queues.long = {"catalogue"}

    await reconciler.run_once()

    assert set(database.outbox) == {key for key in missing if key.subscriber == "activity"}


async def test_bindings_are_put_back_before_anything_is_sent_again(
    reconciler: Reconciler, queues: Queues
) -> None:
    """Each queue is declared before it is looked at, in every pass."""
    for _ in range(2):
        await reconciler.run_once()

    names = [subscriber.name for subscriber in SUBSCRIBERS]
    assert queues.asked == [(act, n) for n in names for act in ("declare", "is_empty")] * 2


async def test_a_queue_that_is_refused_is_its_subscribers_trouble(
    reconciler: Reconciler,
    database: MemoryDatabase,
    queues: Queues,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is named in the log; everybody's events are sent again, its own as well."""
    missing = lose(database, 1)
    queues.refused = {SUBSCRIBERS[0].name}

    assert await reconciler.run_once() == len(missing)

    (record,) = caplog.records
    fields = vars(record)
    assert fields["subscriber"] == SUBSCRIBERS[0].name
    assert "PRECONDITION_FAILED" in fields["reason"]


async def test_a_queue_that_does_not_answer_is_its_subscribers_trouble(
    reconciler: Reconciler, queues: Queues, database: MemoryDatabase
) -> None:
    """The broker is there, and the others have their turn; the failure is told at the end."""
    missing = lose(database, 1)
    queues.silent = {"activity"}

    with pytest.raises(EventstreamUnavailable):
        await reconciler.run_once()

    assert set(database.outbox) == {key for key in missing if key.subscriber == "catalogue"}


async def test_without_the_broker_nothing_is_decided(
    reconciler: Reconciler, database: MemoryDatabase, queues: Queues
) -> None:
    """It says so, and the next pass does it."""
    lose(database, 1)
    queues.error = EventstreamUnavailable("away")

    with pytest.raises(EventstreamUnavailable):
        await reconciler.run_once()

    assert dict(database.outbox) == {}


async def test_what_was_parked_is_sent_to_the_release_that_knows_it(
    reconciler: Reconciler, database: MemoryDatabase
) -> None:
    """A worker of an older release may have parked it after the newer one has started."""
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
    assert set(database.outbox) == {Key(event.message_id, "activity")}
