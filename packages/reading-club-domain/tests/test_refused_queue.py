"""A subscriber's queue that is full: other subscribers are not delayed, no attempt counts."""

import logging
from collections.abc import Iterator

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.outbox.retry_policy import refusal_delay
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.testing.polling import eventually
from reading_club.testing.relay_fixture import RelayFixture, ids
from reading_club.testing.sender_fixture import WAIT_TIMEOUT, SenderFixture

BOOKS = "book_registered_v1"


@pytest.fixture
def club() -> RelayFixture:
    """A club with two subscribers, one with a full queue."""
    club = RelayFixture()
    for name in ("activity", "catalogue"):
        club.database.subscriptions[name, BOOKS] = club.clock.now()
    club.broker.full = {"activity"}
    return club


def sent_to(club: RelayFixture, subscriber: str) -> list[object]:
    """Return the ids of events confirmed for one subscriber alone, in order."""
    return [e.key.message_id for e in club.broker.sent if e.key.subscriber == subscriber]


async def test_the_other_subscriber_has_all_events_without_a_pause(club: RelayFixture) -> None:
    """The rows of the other subscriber are sent while the clock stands still."""
    events = await club.commit(25)

    assert await club.relay.drain()

    assert sent_to(club, "catalogue") == ids(events)
    assert set(club.database.outbox) == {OutboxKey(id_, "activity") for id_ in ids(events)}


async def test_a_queue_that_is_full_is_no_outage_and_counts_nothing(club: RelayFixture) -> None:
    """The breaker stays closed, batches keep their size, and there is no dead letter."""
    await club.commit(25)

    await club.turns(100)

    assert club.relay._breaker.closed
    assert max(club.broker.batch_sizes) == 10
    assert {row.attempts for row in club.database.outbox.values()} == {0}
    assert club.database.dead_letters == {}


async def test_an_event_is_refused_to_everybody_once(club: RelayFixture) -> None:
    """The other queue gets one duplicate at most, however long the first one is full."""
    events = await club.commit(10)

    for _ in range(50):
        await club.turns(4)
        club.clock.advance(10.0)

    assert [copy.key.message_id for copy in club.broker.copies] == ids(events)
    assert sent_to(club, "catalogue") == ids(events)


async def test_rows_that_wait_bear_the_reason(club: RelayFixture) -> None:
    """The outbox stores the reason of the refusal for operators."""
    await club.commit(3)

    await club.relay.drain()

    reasons = {key.subscriber: row.reason for key, row in club.database.outbox.items()}
    assert reasons == {"activity": "its queue is full"}


async def test_a_refused_event_is_tried_at_growing_pauses(club: RelayFixture) -> None:
    """The pause grows with the age of the row, up to a minute."""
    await club.commit(1)
    tries = []
    while club.clock.seconds() < 300:
        club.broker.batch_sizes.clear()
        await club.relay.drain()
        tries += [club.clock.seconds()] if club.broker.batch_sizes else []
        club.clock.advance(1.0)

    assert tries == [0, 1, 2, 4, 8, 16, 32, 64, 124, 184, 244]


async def test_everything_arrives_when_the_queue_has_room(club: RelayFixture) -> None:
    """All events are sent, and the outbox is empty."""
    events = await club.commit(25)
    await club.turns(50)
    club.broker.full.clear()

    club.clock.advance(60.0)
    assert await club.relay.drain()

    assert sent_to(club, "activity") == ids(events)
    assert club.database.outbox == {}


async def test_a_refusal_during_an_outage_is_settled_as_such(club: RelayFixture) -> None:
    """Events refused before the outage are split into a row for each subscriber."""
    events = await club.commit(4)
    club.broker.outage, club.broker.before_outage = EventstreamUnavailable("away"), 2

    await club.turns(1)

    first, second, *rest = ids(events)
    split = {OutboxKey(id_, name) for id_ in (first, second) for name in ("activity", "catalogue")}
    assert set(club.database.outbox) == split | {OutboxKey(id_) for id_ in rest}


@pytest.mark.parametrize(
    ("age", "pause"), [(0.0, 1.0), (0.9, 1.0), (2.5, 2.0), (31.0, 16.0), (64.0, 60.0), (1e6, 60.0)]
)
def test_the_pause_is_bounded(age: float, pause: float) -> None:
    """The pause is a second at least, a minute at most."""
    assert refusal_delay(age) == pause


def test_a_queue_is_logged_when_it_begins_to_refuse_and_when_it_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The first refusal is logged with subscriber and reason, and so is the end."""
    caplog.set_level(logging.INFO)
    report = BatchReport(CircuitBreaker(), "relay")
    keys = [OutboxKey(uuid7(), "activity") for _ in range(3)]
    some = PublishResult(keys[:1], refused=dict.fromkeys(keys[1:], "queue activity is full"))

    for published in (some, some, PublishResult(keys), PublishResult(keys)):
        report.add(published)

    logged = [(r.message, r.subscriber, getattr(r, "reason", "")) for r in caplog.records]  # type: ignore[attr-defined]  # a field of ours
    assert logged == [
        ("a queue refuses events", "activity", "queue activity is full"),
        ("a queue takes events again", "activity", ""),
    ]


def test_an_outage_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    """The log record has the type of the error and the broker's reason."""
    report = BatchReport(CircuitBreaker(), "relay")
    outage = PublishResult(outage=EventstreamUnavailable("x"), reason="the broker's memory alarm")

    report.add(outage)

    (record,) = caplog.records
    fields = vars(record)
    assert fields["error"] == "EventstreamUnavailable"
    assert fields["reason"] == "the broker's memory alarm"


@pytest.fixture
def sending() -> Iterator[SenderFixture]:
    """A club with one full queue and a sender, which is closed after the test."""
    with SenderFixture() as club:
        for name in ("activity", "catalogue"):
            club.database.subscriptions[name, BOOKS] = club.clock.now()
        club.broker.full = {"activity"}
        yield club


async def test_a_sender_leaves_a_row_for_each_subscriber(sending: SenderFixture) -> None:
    """The sender splits refused rows at once, and the relay sends them to the other queue."""
    events = await sending.commit(3)

    eventually(lambda: len(sending.database.outbox) == 6, within=WAIT_TIMEOUT)

    assert sending.sender._breaker.closed
    assert await Relay(InMemoryOutbox(sending.database), sending.broker).drain()
    assert {e.key for e in sending.broker.sent} == {OutboxKey(id_, "catalogue") for id_ in events}
    assert set(sending.database.outbox) == {OutboxKey(id_, "activity") for id_ in events}
