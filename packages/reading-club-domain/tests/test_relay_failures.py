"""The relay with a broker that is unavailable, and with refused events."""

import logging
from collections.abc import Sequence

import pytest

from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.eventstream.outbox.retry_policy import ATTEMPTS
from reading_club.eventstream.ports.outbox import Lease, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club.testing.relay_fixture import POLL, RelayFixture, ids


@pytest.fixture
def club() -> RelayFixture:
    """A relay on an empty outbox."""
    return RelayFixture()


async def test_an_outage_amid_a_window_counts_nothing_and_loses_nothing(club: RelayFixture) -> None:
    """Confirmed events are not sent again; the others can be claimed at once."""
    events = await club.commit(10)
    club.broker.outage, club.broker.before_outage = EventstreamUnavailable("away"), 3
    assert await club.turns(1) == [0.5]

    left = await club.outbox.claim(100, Lease(0.0))
    assert [event.attempts for event in left] == [0] * 7
    club.broker.outage = None
    await club.turns(3)

    assert club.sent() == ids(events)
    assert club.database.outbox == {}
    assert club.database.dead_letters == {}


async def test_probes_are_windows_of_one_at_growing_pauses(club: RelayFixture) -> None:
    """During an outage a batch has one event; after it, batches have their full size."""
    await club.commit(25)
    club.broker.outage = EventstreamUnavailable("away")

    assert await club.turns(7) == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert club.broker.batch_sizes == [10, 1, 1, 1, 1, 1, 1]
    club.broker.outage = None
    assert await club.turns(4) == [0.0, 0.0, 0.0, 0.0]
    assert club.broker.batch_sizes[7:] == [1, 10, 10, 3]
    await club.turns(50)
    assert len(club.sent()) == 25


async def test_each_probe_is_another_event(club: RelayFixture) -> None:
    """An event that makes the broker fail delays other events only for a short time."""
    bad, *good = await club.commit(5)

    class FailingPublisher(InMemoryPublisher):
        """A broker that fails at the bad event."""

        def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
            keys = [event.key.message_id for event in events]
            met = bad.message_id in keys
            self.outage = EventstreamUnavailable("too much") if met else None
            self.before_outage = keys.index(bad.message_id) if met else 0
            return super().publish(events)

    club.broker = FailingPublisher()
    club.relay = club.another_relay()

    await club.turns(12)

    assert set(club.sent()) == set(ids(good))
    assert [key.message_id for key in club.database.outbox] == [bad.message_id]


async def test_an_outage_of_the_outbox_is_told_once(
    club: RelayFixture, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it is polled, there are one line with the reason and one at the end."""
    caplog.set_level(logging.INFO)
    for error in (StorageUnavailable("the disk is full"), None) * 2:
        club.database.error = error
        await club.turns(3)

    told = [(line.msg, vars(line).get("reason")) for line in caplog.records]
    assert told == [("the outbox is away", "the disk is full"), ("the outbox is back", None)] * 2


async def test_nothing_is_claimed_before_the_pause_is_over(club: RelayFixture) -> None:
    """A call before the end of the pause returns the rest of the pause."""
    await club.commit(1)
    club.broker.outage = EventstreamUnavailable("away")
    await club.relay.run_once()
    club.clock.advance(0.125)

    assert await club.relay.run_once() == 0.375
    assert club.broker.batch_sizes == [1]


async def test_after_an_outage_an_empty_outbox_is_polled_as_ever(club: RelayFixture) -> None:
    """If another relay has sent the events, there is none to probe with: poll as usual."""
    await club.commit(1)
    club.broker.outage = EventstreamUnavailable("away")
    await club.turns(1)
    club.database.outbox.clear()

    assert await club.turns(3) == [POLL, POLL, POLL]


async def test_a_refused_event_is_one_dead_letter_after_its_attempts(club: RelayFixture) -> None:
    """The refused event is retried after growing pauses, and delays no other event."""
    refused, *others = await club.commit(4)
    club.broker.refused[refused.message_id] = "too large"
    tries = []
    while not club.database.dead_letters:
        club.broker.batch_sizes.clear()
        pause = await club.relay.run_once()
        if club.broker.batch_sizes:
            tries.append(club.clock.seconds())
        club.clock.advance(pause)

    assert club.sent() == ids(others)
    assert tries == [2.0**attempt - 1 for attempt in range(ATTEMPTS)]
    (letter,) = club.database.dead_letters.values()
    assert (letter.subscriber, letter.message_id) == ("relay", refused.message_id)
    assert (letter.error, letter.attempts) == ("too large", ATTEMPTS)
    assert club.database.outbox == {}


async def test_attempts_are_not_used_up_by_outages_between_them(club: RelayFixture) -> None:
    """An outage adds no attempt to a refused event."""
    refused, *others = await club.commit(3)
    club.broker.refused[refused.message_id] = "too large"
    await club.turns(1)
    club.broker.refused.clear()
    club.broker.outage = EventstreamUnavailable("away")
    await club.commit(1)
    await club.turns(50)
    assert [row.attempts for row in club.database.outbox.values()] == [1, 0]

    club.broker.outage = None
    await club.turns(50)

    assert set(club.sent()) >= {refused.message_id, *ids(others)}
    assert club.database.outbox == {}
    assert club.database.dead_letters == {}
