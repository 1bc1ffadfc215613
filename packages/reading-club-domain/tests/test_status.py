"""The status of a stream, for a program's own command line."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest

from reading_club.adapters.memory.statistics import InMemoryStatistics
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.outside import OutsideSubscriber
from reading_club.eventstream.retention import DAY
from reading_club.eventstream.status import OutboxStatus, status_of
from reading_club.testing.relay_fixture import RelayFixture

T = TypeVar("T")
SHELF = OutsideSubscriber("shelf", ["book_registered_v1"])


@pytest.fixture
async def club() -> RelayFixture:
    """A database with two events that wait for three seconds."""
    club = RelayFixture()
    club.database.subscriptions["shelf", "book_registered_v1"] = club.clock.now()
    club.database.subscriptions["digest", "book_registered_v1"] = club.clock.now()
    club.database.outside["digest", "book_registered_v1"] = True
    await club.commit(2)
    club.clock.advance(3)
    return club


async def test_outbox_and_subscribers_are_counted(club: RelayFixture) -> None:
    """Those of the program in the order that it gives, and those in other programs."""
    status = await status_of(InMemoryStatistics(club.database, horizon=DAY), [SHELF])

    (shelf,), (digest,) = status.subscribers, status.outside
    assert status.outbox == OutboxStatus(2, 3.0)
    assert (shelf.name, shelf.lag, shelf.lag_seconds) == ("shelf", 2, 3.0)
    assert (digest.name, digest.published, digest.waiting) == ("digest", 2, 2)


async def test_a_query_that_fails_is_raised_or_left_out(club: RelayFixture) -> None:
    """The caller's ``ask`` decides, and learns the names of the queries."""
    statistics, names = InMemoryStatistics(club.database, horizon=DAY), list[str]()
    club.database.error = StorageUnavailable("away")

    async def ask(name: str, query: Coroutine[Any, Any, T], /) -> T | None:
        names.append(name)
        try:
            return await query
        except StorageUnavailable:
            return None

    status = await status_of(statistics, [SHELF], ask)

    assert sorted(names) == ["outbox", "outside", "rebuilds", "shelf"]
    assert (status.outbox, status.subscribers, status.outside) == (None, [], ())
    with pytest.raises(StorageUnavailable):
        await status_of(statistics, [])
