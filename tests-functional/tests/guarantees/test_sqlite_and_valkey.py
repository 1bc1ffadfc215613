"""``reading-club run`` on SQLite and Valkey: each event takes effect once, despite kills."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reading_club_functional.cluster import ClubCluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.process import ClubProcess

BOOKS = 200
AFTER = "5"
"""Seconds until the reconciler sends a killed worker's events again; Valkey needs a minute."""


@pytest.fixture
def club(tmp_path: Path) -> Iterator[ClubCluster]:
    """A club without processes, with settings for ``reading-club run``."""
    url = f"sqlite:///{tmp_path / 'var' / 'club.sqlite3'}"
    with ClubCluster(tmp_path, database_url=url, reconcile_after=AFTER) as club:
        yield club


def test_books_take_effect_once_though_the_broker_is_killed(club: ClubCluster) -> None:
    """All requests are answered with 201, and the broker is restarted."""
    run = club.start("run")
    old = broker_of(run)

    posted = post_books(club.url, BOOKS, during=old.kill)

    assert (len(posted.ids), posted.failures) == (BOOKS, [])
    assert_consistent(club, posted.ids)
    assert broker_of(run).pid != old.pid


def test_a_folder_outlives_all_of_its_processes(club: ClubCluster) -> None:
    """After a kill of all processes, each book answered with 201 is stored, with one effect."""
    run = club.start("run")

    posted = post_books(club.url, BOOKS, during=run.kill)

    print(f"answered {len(posted.ids)}, not answered {len(posted.failures)}")
    assert posted.ids
    assert posted.failures
    club.start("run")
    assert_consistent(club, posted.ids)


def broker_of(run: ClubProcess) -> psutil.Process:
    """Return the process of the Valkey server, not its parent-death watchdog."""
    (server,) = [process for process in run.family() if process.name() == "valkey-server"]
    return server
