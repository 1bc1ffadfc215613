"""What sender, relay and reconciler tell their metrics."""

from collections.abc import Iterator

import pytest

from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.outbox.retry_policy import ATTEMPTS
from reading_club.eventstream.ports.metrics import NO_METRICS
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.testing.polling import eventually
from reading_club.testing.relay_fixture import RelayFixture
from reading_club.testing.sender_fixture import WAIT_TIMEOUT, SenderFixture


@pytest.fixture
def sending() -> Iterator[SenderFixture]:
    """A sender on an empty outbox, closed after the test."""
    with SenderFixture() as club:
        yield club


@pytest.fixture
def relaying() -> RelayFixture:
    """A relay on an empty outbox."""
    return RelayFixture()


async def test_the_sender_counts_confirmed_events_with_their_ages(sending: SenderFixture) -> None:
    """Each has the seconds from the commit to the confirm; then none is in flight."""
    await sending.commit(5)
    sending.sender.close()

    assert sending.metrics.counts == {("confirmed", "sender"): 5}
    assert len(sending.metrics.ages["sender"]) == 5
    assert all(0 <= age < WAIT_TIMEOUT for age in sending.metrics.ages["sender"])
    assert sending.metrics.in_flight() == 0


async def test_events_in_flight_are_those_queued_and_those_being_sent(
    sending: SenderFixture,
) -> None:
    """One that the broker has yet to confirm counts as well; the eleventh finds the queue full."""
    sending.broker.gate.clear()
    await sending.commit()
    assert sending.broker.reached.wait(WAIT_TIMEOUT)

    await sending.commit(11)

    assert sending.metrics.in_flight() == 11
    assert sending.metrics.counts == {("left_to_relay", "overflow"): 1}


async def test_an_outage_leaves_events_to_the_relay(sending: SenderFixture) -> None:
    """The batch that meets it, and those that find the breaker open, are counted as left."""
    sending.broker.outage = EventstreamUnavailable("away")
    await sending.commit()
    eventually(lambda: sending.metrics.states[-1] == "open")

    await sending.commit(2)

    assert sending.metrics.counts == {("left_to_relay", "outage"): 3}


async def test_an_error_of_the_publisher_leaves_its_batch_to_the_relay(
    sending: SenderFixture,
) -> None:
    """The reason is a failure of the sender."""
    sending.broker.error = RuntimeError("a bug")

    await sending.commit()
    sending.sender.close()

    assert sending.metrics.counts == {("left_to_relay", "failure"): 1}


async def test_a_refused_event_is_left_to_the_relay(sending: SenderFixture) -> None:
    """A full queue is the reason of its event alone."""
    sending.broker.full = {"catalogue"}

    await sending.commit()
    sending.sender.close()

    assert sending.metrics.counts == {("left_to_relay", "refused"): 1}


async def test_the_relay_counts_confirmed_events_with_their_ages(relaying: RelayFixture) -> None:
    """An event for all subscribers has its age; one for a single subscriber is counted alone."""
    (event, *_) = await relaying.commit(2)
    relaying.clock.advance(40)
    async with InMemoryUnitOfWork(RecordingOutboxTransport(), relaying.database) as transaction:
        writer = InMemoryOutboxWriter(transaction.uow.session)
        await writer.add(OutboxKey(event.message_id, "catalogue"))
        await transaction.commit()

    await relaying.turns(2)

    assert relaying.metrics.counts == {("confirmed", "relay"): 3}
    assert relaying.metrics.ages["relay"] == [pytest.approx(40, abs=1)] * 2


async def test_the_states_of_the_breaker_are_told(relaying: RelayFixture) -> None:
    """Open after an outage, half-open for each probe, and closed when the broker is back."""
    await relaying.commit(2)
    relaying.broker.outage = EventstreamUnavailable("away")
    await relaying.turns(2)
    relaying.broker.outage = None
    await relaying.turns(2)

    states = ["closed", "open", "half_open", "open", "half_open", "closed"]
    assert relaying.metrics.states == states


async def test_an_event_that_is_refused_too_often_is_counted_as_a_dead_letter(
    relaying: RelayFixture,
) -> None:
    """It has its type, and the relay's name for an event to all subscribers."""
    (event,) = await relaying.commit(1)
    relaying.broker.refused[event.message_id] = "too large"
    for _ in range(ATTEMPTS):
        await relaying.turns(1)
        relaying.clock.advance(2000)

    assert relaying.metrics.counts == {("dead_lettered", "relay", "book_registered_v1"): 1}


def test_a_base_without_metrics_ignores_everything() -> None:
    """It consumes no generator: what is not counted costs nothing."""
    ages = (pytest.fail("consumed") for _ in range(1))

    NO_METRICS.confirmed("sender", 1, ages)
    NO_METRICS.handled("catalogue", [], duplicates=1)
    NO_METRICS.dead_lettered("catalogue", "")
