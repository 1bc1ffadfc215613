"""A relay whose looks at the oldest rows are slow looks there less often, and misses nothing."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.eventstream.outbox.claim_start import IN_FLIGHT, SHARE, ClaimStart, first_id_at
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxKey, OutboxMessage
from reading_club.testing.relay_fixture import RelayFixture, ids

NOW = 1_800_000_000.0


class WalkingOutbox(InMemoryOutbox):
    """An outbox on which a claim from the oldest row takes ``walk`` seconds, else a quarter."""

    walk = 1.0
    walk_beyond = 0.25
    now = 100.0

    def __init__(self, club: RelayFixture) -> None:
        super().__init__(club.database)
        self.starts: list[UUID] = []

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Note where it begins, and let the time pass."""
        self.starts.append(since)
        self.now += self.walk if since == OLDEST else self.walk_beyond
        return await super().claim(limit, lease, since=since)


@pytest.fixture
def club() -> RelayFixture:
    """A database and a broker."""
    return RelayFixture()


@pytest.fixture
def outbox(club: RelayFixture) -> WalkingOutbox:
    """The club's outbox while a transaction is held open."""
    return WalkingOutbox(club)


@pytest.fixture
def relay(club: RelayFixture, outbox: WalkingOutbox) -> Relay:
    """A relay with batches of ten."""
    start = ClaimStart(lambda: outbox.now, lambda: NOW)
    return Relay(outbox, club.broker, batch_size=10, start=start)


async def test_claims_begin_at_the_oldest_row(outbox: WalkingOutbox, relay: Relay) -> None:
    """Each of them, as long as that is fast."""
    outbox.walk = 0.02

    for _ in range(3):
        await relay.run_once()

    assert outbox.starts == [OLDEST] * 3


async def test_after_a_slow_claim_the_next_ones_begin_at_what_is_new(
    outbox: WalkingOutbox, relay: Relay
) -> None:
    """What could be seen was claimed; what was under way may have an id of before."""
    for _ in range(3):
        await relay.run_once()

    seconds = (1.0, outbox.walk_beyond)
    before = [first_id_at(NOW - each - IN_FLIGHT) for each in seconds]
    assert outbox.starts == [OLDEST, *before]


async def test_the_oldest_row_is_looked_at_again(
    club: RelayFixture, outbox: WalkingOutbox, relay: Relay
) -> None:
    """After twenty times the seconds of a slow claim: a row that is older than others is sent."""
    await relay.run_once()
    (late,) = await club.commit(1)  # its id is of today, and NOW is later
    await relay.run_once()
    assert club.sent() == []

    outbox.now += SHARE * outbox.walk
    await relay.run_once()

    assert club.sent() == ids([late])
    assert [since == OLDEST for since in outbox.starts] == [True, False, True]


async def test_a_backlog_is_claimed_from_where_the_last_claim_ended(
    club: RelayFixture, outbox: WalkingOutbox, relay: Relay
) -> None:
    """A full claim begins at the last message of the one before."""
    events = await club.commit(30)

    for _ in range(3):
        await relay.run_once()

    assert club.sent() == ids(events)
    assert outbox.starts == [OLDEST, events[9].message_id, events[19].message_id]


async def test_draining_ends_with_a_look_at_the_oldest_row(
    club: RelayFixture, outbox: WalkingOutbox, relay: Relay
) -> None:
    """It says that nothing is left only after it."""
    events = await club.commit(25)
    await relay.run_once()
    outbox.starts.clear()

    assert await relay.drain()

    assert sorted(club.sent()) == sorted(ids(events))
    assert outbox.starts[0] == outbox.starts[-1] == OLDEST
    assert await outbox.claim(100, Lease(0.0)) == []


async def test_draining_ends_while_the_broker_is_away(club: RelayFixture, relay: Relay) -> None:
    """What it has not looked at is left as well."""
    await club.commit(25)
    await relay.run_once()
    club.broker.outage = ConnectionError("away")

    assert not await relay.drain()


def test_ids_of_a_time() -> None:
    """Messages of a later millisecond have greater ids; before 1970 there is none."""
    assert first_id_at(NOW).version == 7
    assert first_id_at(0.0) < uuid7() < first_id_at(2 * NOW)
    assert first_id_at(NOW) < first_id_at(NOW + 0.001)
    assert first_id_at(-1.0) == OLDEST


def test_a_claim_that_found_nothing_may_have_skipped_older_rows() -> None:
    """Not one that found something, or looked at the oldest row."""
    start, some = ClaimStart(lambda: 0.0, lambda: NOW), [OutboxMessage(OutboxKey(uuid7()), {})]
    skipped = []
    for since, claimed in ((OLDEST, []), (uuid7(), some), (uuid7(), [])):
        start.end(since, 0.0, claimed, 10)
        skipped.append(start.has_skipped)

    assert skipped == [False, False, True]
