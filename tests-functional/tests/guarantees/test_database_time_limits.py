"""The database's timeouts count as an outage: they cause no dead letter."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from reading_club_functional.cluster import ClubCluster, open_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.servers import PostgreSQLServer

EVENTS = 40
LOCKED = 6.0
"""Seconds: longer than the timeouts, and than all attempts at an event together."""


@pytest.fixture
def club(
    tmp_path: Path,
    postgresql: PostgreSQLServer,
    database_url: str,
    broker_url: str,
    request: pytest.FixtureRequest,
) -> Iterator[ClubCluster]:
    """A club on a database with a statement timeout or a lock timeout."""
    name = database_url.rpartition("/")[2]
    postgresql.psql(f"ALTER DATABASE {name} SET {request.param}")
    with open_cluster(tmp_path, database_url, broker_url) as club:
        yield club


@asynccontextmanager
async def locked(database_url: str, table: str) -> AsyncIterator[None]:
    """Lock a table exclusively, as a long ALTER TABLE does."""
    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    await connection.execute("SET statement_timeout = 0")
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
@pytest.mark.parametrize(
    "club", ["statement_timeout = '1s'", "lock_timeout = '300ms'"], indirect=True
)
async def test_a_locked_table_sets_no_event_aside(club: ClubCluster, database_url: str) -> None:
    """Events wait for the locked table, the other subscriber continues, effects occur once."""
    async with locked(database_url, "catalogue"):
        posted = await asyncio.to_thread(post_books, club.url, EVENTS)
        assert posted.failures == []
        await asyncio.sleep(LOCKED)
        during = await asyncio.to_thread(effects_of_the_others, club)

    effects = await asyncio.to_thread(assert_consistent, club, posted.ids)

    assert during == (EVENTS, 0)
    assert len(effects.books) == EVENTS


def effects_of_the_others(club: ClubCluster) -> tuple[int, int]:
    """Return the number of activity entries and of dead letters; neither table is locked."""
    return club.database.count("activity"), club.database.count("dead_letters")
