"""Without faults an event costs the outbox one INSERT and one DELETE, without an UPDATE."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from reading_club.app.application import Application
from reading_club.app.bootstrap.web import open_application
from reading_club.domain.messages import RegisterBook
from reading_club.testing.builders import an_isbn
from reading_club_functional.cluster import BOOK_SUBSCRIBERS, ClubCluster, prepared_cluster
from reading_club_functional.polling import NotInTime, eventually
from reading_club_functional.queues import waiting

EVENTS = 10_000
AT_ONCE = 16
STATISTICS_TIMEOUT = 60.0
STATISTICS = """
SELECT n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables WHERE relname = 'outbox'
"""


@pytest.fixture
def club(tmp_path: Path, database_url: str, broker_url: str) -> Iterator[ClubCluster]:
    """A club without processes; the test starts a relay."""
    with prepared_cluster(tmp_path, database_url, broker_url) as club:
        yield club


@pytest.mark.nightly
@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
async def test_ten_thousand_healthy_events_update_nothing(
    club: ClubCluster, broker_url: str
) -> None:
    """The sender has all events confirmed and deleted; the relay claims none."""
    relay = club.start("relay")
    start = perf_counter()

    async with open_application(club.app_settings) as opened:
        await register(opened, EVENTS)
        await asyncio.to_thread(eventually, lambda: not club.database.count("outbox"), within=30)

    print(f"{EVENTS / (perf_counter() - start):.0f} events a second")
    relay.send(signal.SIGTERM)  # PostgreSQL counts a session's changes at its end
    assert relay.wait() == 0
    counts = await asyncio.to_thread(statistics, club)
    print("inserted, updated, deleted", counts)
    assert counts == (EVENTS, 0, EVENTS)
    assert waiting(broker_url) == dict.fromkeys(BOOK_SUBSCRIBERS, EVENTS)


async def register(application: Application, count: int) -> None:
    """Register books, AT_ONCE concurrently, as a busy web process does."""
    commands = (
        RegisterBook(isbn=an_isbn(), title=f"Volume {number}", author="Many")
        for number in range(count)
    )

    async def one_after_another() -> None:
        for command in commands:
            await application.handle(command)

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))


def statistics(club: ClubCluster) -> tuple[Any, ...]:
    """Return the numbers of inserted, updated and deleted rows, once all are reported."""
    with suppress(NotInTime):  # the assertion on the counts says more
        eventually(lambda: counts_of(club)[2] >= EVENTS, within=STATISTICS_TIMEOUT, every=0.2)
    return counts_of(club)


def counts_of(club: ClubCluster) -> tuple[Any, ...]:
    """Return the numbers of inserted, updated and deleted rows reported so far."""
    return club.database.rows(STATISTICS)[0]
