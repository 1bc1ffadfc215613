"""Whether a process does its work, by the progress that its parts report."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from reading_club.eventstream.liveness import EVENT_LOOP, Liveness, tick
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.testing.clock import ManualClock
from reading_club.testing.relay_fixture import RelayFixture

WITHIN = 60.0


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def liveness(clock: ManualClock) -> Liveness:
    """The liveness of a process whose parts have a minute."""
    return Liveness(WITHIN, clock.seconds)


def test_a_process_of_which_nothing_is_known_is_alive(liveness: Liveness) -> None:
    """Nothing has to make progress before it has begun."""
    assert liveness.alive()


def test_a_loop_that_turns_is_alive(liveness: Liveness, clock: ManualClock) -> None:
    """Each turn gives it as much time again."""
    for _ in range(5):
        liveness.progress("the loop")
        clock.advance(WITHIN)

    assert liveness.stalled() is None


def test_a_loop_that_turns_no_more_is_named(liveness: Liveness, clock: ManualClock) -> None:
    """Another loop that goes on does not hide it."""
    liveness.progress("the loop")
    clock.advance(WITHIN + 5)
    liveness.progress("another one")

    assert liveness.stalled() == "the loop makes no progress, 5 s beyond its time"
    liveness.progress("the loop")
    assert liveness.alive()


def test_a_loop_that_has_ended_is_not_expected(liveness: Liveness, clock: ManualClock) -> None:
    """At the end of a process, or before another loop takes its place."""
    liveness.progress("the loop")
    liveness.forget("the loop")
    clock.advance(WITHIN + 1)

    assert liveness.alive()


def test_work_that_does_not_end_is_named(liveness: Liveness, clock: ManualClock) -> None:
    """Of two pieces of the same work the one that hangs counts, also if the other one ended."""
    with liveness.working("handling"):
        clock.advance(WITHIN)
        with liveness.working("handling"):
            clock.advance(1)
        assert liveness.stalled() == "handling makes no progress, 1 s beyond its time"

    assert liveness.alive()


def test_work_that_fails_has_ended(liveness: Liveness, clock: ManualClock) -> None:
    """An attempt that an outage ends is no hang."""
    with pytest.raises(TimeoutError), liveness.working("handling"):
        raise TimeoutError
    clock.advance(WITHIN + 1)

    assert liveness.alive()


def test_work_that_takes_longer_has_its_own_time(liveness: Liveness, clock: ManualClock) -> None:
    """The reconciler may have much to do."""
    with liveness.working("reconcile", at_least=10 * WITHIN):
        clock.advance(10 * WITHIN)
        assert liveness.alive()
        clock.advance(1)
        assert not liveness.alive()


async def test_an_event_loop_reports_its_turns(liveness: Liveness, clock: ManualClock) -> None:
    """It reports at once, and when its task is cancelled it is not expected any more."""
    ticking = asyncio.create_task(tick(liveness))
    await asyncio.sleep(0)
    clock.advance(WITHIN + 1)
    stalled = liveness.stalled()

    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)

    assert stalled is not None
    assert stalled.startswith(EVENT_LOOP)
    assert liveness.alive()


class BlockingPublisher:
    """A publisher that hangs in ``publish`` until it is released."""

    def __init__(self) -> None:
        self.entered, self.released = threading.Event(), threading.Event()

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Wait for the release, and confirm all events."""
        self.entered.set()
        self.released.wait(10)
        return PublishResult(confirmed=[event.key for event in events])

    def close(self) -> None:
        """Do nothing."""


async def test_a_relay_whose_publisher_hangs_is_not_alive(
    liveness: Liveness, clock: ManualClock
) -> None:
    """It is named once a batch takes longer than any should, and alive when the batch ends."""
    fixture, publisher = RelayFixture(), BlockingPublisher()
    await fixture.commit(1)
    relay = Relay(fixture.outbox, publisher, liveness=liveness)

    sending = asyncio.create_task(relay.run_once())
    await asyncio.to_thread(publisher.entered.wait, 10)
    alive_before = liveness.alive()
    clock.advance(WITHIN + 1)
    stalled = liveness.stalled()
    publisher.released.set()
    await sending

    assert alive_before
    assert stalled == "sending a batch makes no progress, 1 s beyond its time"
    assert liveness.alive()


async def test_an_outage_is_no_hang(liveness: Liveness, clock: ManualClock) -> None:
    """A relay whose broker, or whose database, is away for an hour is alive: it tries again."""
    fixture = RelayFixture()
    await fixture.commit(1)
    breaker = CircuitBreaker(clock=clock.seconds)
    relay = Relay(fixture.outbox, fixture.broker, breaker=breaker, liveness=liveness)
    fixture.broker.outage = ConnectionError("refused")

    for _ in range(60):
        await relay.run_once()
        clock.advance(WITHIN)
        assert liveness.alive()
