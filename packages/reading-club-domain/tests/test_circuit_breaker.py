"""The circuit breaker: which events pass during an outage."""

import pytest

from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.testing.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the breaker."""
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> CircuitBreaker:
    """A breaker whose pauses are 1, 2, 4 and 5 seconds."""
    return CircuitBreaker(Backoff(first=1.0, cap=5.0, jitter=lambda: 0.0), clock.seconds)


def test_closed_it_lets_everything_pass(breaker: CircuitBreaker) -> None:
    """Without a failure all events pass, without a pause."""
    breaker.record_success()

    assert breaker.closed
    assert breaker.pause == 0.0
    assert breaker.permits(500) == 500


def test_open_it_lets_nothing_pass(breaker: CircuitBreaker, clock: ManualClock) -> None:
    """After a failure all events wait for the end of the pause."""
    breaker.record_failure()
    clock.advance(0.75)

    assert not breaker.closed
    assert breaker.pause == 0.25
    assert breaker.permits(500) == 0


def test_half_open_it_lets_one_event_pass(breaker: CircuitBreaker, clock: ManualClock) -> None:
    """After the pause one event passes; the breaker closes when it has arrived."""
    breaker.record_failure()
    clock.advance(1.0)

    assert not breaker.closed
    assert breaker.pause == 0.0
    assert breaker.permits(500) == 1


def test_pauses_grow_with_each_probe_that_fails(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    """The pauses double up to the cap, however long the outage lasts."""
    pauses = []
    for _ in range(6):
        breaker.record_failure()
        pauses.append(breaker.pause)
        clock.advance(breaker.pause)

    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0, 5.0]


def test_a_success_closes_it_and_forgets_the_pauses(
    breaker: CircuitBreaker, clock: ManualClock
) -> None:
    """The next outage begins with a short pause."""
    for _ in range(3):
        breaker.record_failure()
        clock.advance(10.0)
    breaker.record_success()
    assert breaker.permits(500) == 500

    breaker.record_failure()

    assert breaker.pause == 1.0


def test_no_pause_is_longer_than_the_cap_or_shorter_than_half_of_it() -> None:
    """Jitter spreads the probes of several relays, within half of the cap."""
    breaker = CircuitBreaker(clock=lambda: 0.0)
    for _ in range(10):
        breaker.record_failure()

    assert 2.5 <= breaker.pause <= 5.0
