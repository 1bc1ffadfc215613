"""A relay process: relaying, reconciling and pruning until it is asked to stop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.run import (
    RelayHooks,
    RelayParts,
    _prune,
    reconcile_now,
    run_relay,
    subscribe,
)
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.relay_fixture import RelayFixture, ids

WITHIN = 10.0


class Queues:
    """Empty queues; ``begin`` is called with the number of each pass, and may raise an outage."""

    def __init__(self) -> None:
        self.passes = 0
        self.begin: Callable[[int], object] = lambda _: None

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Count a pass for the first subscriber."""
        if subscriber.name == SUBSCRIBERS[0].name:
            self.passes += 1
            self.begin(self.passes)

    def is_empty(self, subscriber: str) -> bool:
        """Return True."""
        return bool(subscriber)


@pytest.fixture
def fixture() -> RelayFixture:
    """A database, a broker and a relay."""
    return RelayFixture()


@pytest.fixture
def queues() -> Queues:
    """The queues of the subscribers."""
    return Queues()


@pytest.fixture
def parts(fixture: RelayFixture, queues: Queues) -> RelayParts:
    """A relay, and a reconciler that runs every 10 ms."""

    def make_uow() -> InMemoryUnitOfWork:
        return InMemoryUnitOfWork(RecordingOutboxTransport(), fixture.database)

    reconciler = Reconciler(SUBSCRIBERS, queues, make_uow, after=0.01)
    return RelayParts(fixture.relay, reconciler)


async def ended(running: Coroutine[None, None, None]) -> None:
    """Run the relay, which has to end."""
    async with asyncio.timeout(WITHIN):
        await running


async def test_a_relay_sends_until_it_is_stopped(
    fixture: RelayFixture, parts: RelayParts, queues: Queues
) -> None:
    """It reports once that it is ready, and ends when the event is set."""
    events, stopping, ready = await fixture.commit(3), asyncio.Event(), list[bool]()
    fixture.clock.advance(60)
    loop = asyncio.get_running_loop()
    queues.begin = lambda _: fixture.broker.sent and loop.call_soon_threadsafe(stopping.set)

    await ended(run_relay(parts, RelayHooks(stopping, lambda: ready.append(True))))

    assert fixture.sent() == ids(events)
    assert ready == [True]


async def test_a_signal_stops_a_relay_without_an_event(parts: RelayParts) -> None:
    """SIGTERM ends the relay, and not the process."""
    hooks = RelayHooks(on_ready=lambda: os.kill(os.getpid(), signal.SIGTERM))

    await ended(run_relay(parts, hooks))


async def test_the_heartbeat_tells_what_the_reconciler_finds(
    parts: RelayParts, queues: Queues
) -> None:
    """It runs as long as the relay; an outage is its trouble, until a pass succeeds."""
    loop, stopping, seen = asyncio.get_running_loop(), asyncio.Event(), list[str | None]()

    @asynccontextmanager
    async def heartbeat(trouble: Callable[[], str | None]) -> AsyncIterator[None]:
        def begin(number: int) -> None:
            seen.append(trouble())
            if number == 1:
                raise EventstreamUnavailable("no answer")
            if number > 2:
                loop.call_soon_threadsafe(stopping.set)

        queues.begin = begin
        yield
        seen.append("ended")

    await ended(run_relay(parts, RelayHooks(stopping, heartbeat=heartbeat)))

    assert seen == [None, "not reconciled: no answer", None, "ended"]


async def test_what_was_deleted_is_logged_also_if_another_pruning_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The failure of one ends the run, and not the relay; the numbers of the others are told."""
    calls = []

    async def prune() -> Mapping[str, int]:
        calls.append("prune")
        return {"inbox": 2, "messages": 0}

    async def fail() -> Mapping[str, int]:
        calls.append("fail")
        raise EventstreamUnavailable("the broker's file: ConnectionError")

    caplog.set_level("INFO")
    for _ in range(2):
        await _prune((prune, fail, prune))

    assert calls == ["prune", "fail"] * 2
    assert caplog.messages[:2] == [
        "not pruned: the broker's file: ConnectionError",
        "forgot what is too old",
    ]
    assert vars(caplog.records[1])["deleted_inbox"] == 2


async def test_a_pass_at_once_sends_what_is_missing(
    fixture: RelayFixture, parts: RelayParts
) -> None:
    """It returns the number of missing events, and that the outbox is empty."""
    await subscribe(parts.reconciler.make_uow, SUBSCRIBERS)
    await fixture.commit(1)
    fixture.clock.advance(60)
    fixture.database.outbox.clear()
    concerned = [s for s in SUBSCRIBERS if "book_registered_v1" in s.types]

    assert await reconcile_now(parts) == (len(concerned), True)
    assert len(fixture.broker.sent) == len(concerned)
    assert not fixture.database.outbox
