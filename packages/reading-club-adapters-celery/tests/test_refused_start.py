"""A worker refuses to start for a wrong subscriber, or a queue with other arguments."""

from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from amqp.exceptions import AccessRefused, PreconditionFailed
from messagebus import AsyncSinkholeEventstreamTransport, Event, Metadata

from reading_club.adapters.eventstream import run_subscriber
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing import LISTENERS, ParcelSent
from reading_club.adapters.eventstream.testing.fake_amqp import FakeConnection
from reading_club.adapters.eventstream.worker import run
from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.eventstream.errors import QueueDiffers
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wiring import WiringError

DIFFERENT = PreconditionFailed("PRECONDITION_FAILED - inequivalent arg for user 'hunter2'")
FORBIDDEN = AccessRefused("ACCESS_REFUSED - no access for user 'hunter2'")


class ParcelLost(Event):
    """An event that no listener handles."""

    metadata: Metadata = Metadata(name="parcel_lost", schema_version=1, published=True)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of workers that were started."""
    names: list[str] = []

    def run_worker(_: Any, *, name: str, **__: Any) -> int:
        names.append(name.partition("@")[0])
        return 0

    monkeypatch.setattr(run, "run_worker", run_worker)
    return names


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the broker refuse the first listener's queue."""

    @contextmanager
    def connected(_: SubscriberQueues) -> Any:
        yield FakeConnection(first=error)

    monkeypatch.setattr(SubscriberQueues, "_connected", connected)


def start(subscriber: Subscriber[Any, Any] = LISTENERS[0], *events: Any) -> int:
    """Run a worker."""
    database = InMemoryStreamDatabase()
    make_uow = partial(InMemoryStreamUnitOfWork, AsyncSinkholeEventstreamTransport(), database)
    return run_subscriber(subscriber, make_uow, "memory://", events=events or [ParcelSent])


def test_a_queue_with_other_arguments_stops_the_worker(
    monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    """One sentence names the queue and says what to do, without what the broker says."""
    refuse(monkeypatch, DIFFERENT)

    with pytest.raises(QueueDiffers) as refused:
        start()

    assert "queue eventstream.first exists on the broker with other arguments" in str(refused.value)
    assert "`rabbitmqctl delete_queue eventstream.first`" in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert started == []


def test_any_other_refusal_is_left_to_the_worker(
    monkeypatch: pytest.MonkeyPatch, started: list[str]
) -> None:
    """A broker that refuses for another reason, or is away, may be mended while it waits."""
    refuse(monkeypatch, FORBIDDEN)

    assert start() == 0

    assert started == ["first"]


def test_an_unknown_event_stops_the_worker(started: list[str]) -> None:
    """The subscriber handles what is not among the events of the program."""
    with pytest.raises(WiringError, match=r"first handles parcel_sent_v1, .* cannot read"):
        start(LISTENERS[0], ParcelLost)

    assert started == []


def test_a_subscriber_without_handlers_stops_the_worker(started: list[str]) -> None:
    """Nothing would ever arrive in its queue."""
    with pytest.raises(WiringError, match="lonely has no handlers"):
        start(Subscriber[Any, Any]("lonely"))

    assert started == []
