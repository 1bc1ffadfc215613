"""A program outside the club, the digest of the examples, with a database of its own."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from amqp.exceptions import NotFound
from redis import Redis

from reading_club_functional.cluster import ClubCluster, open_cluster
from reading_club_functional.load import post_books
from reading_club_functional.nightly import ON_VALKEY_AT_NIGHT
from reading_club_functional.polling import eventually
from reading_club_functional.queues import delete, waiting

EXAMPLE = Path(__file__).parents[2] / "examples" / "digest"
TYPE = "book_registered_v1"
BOOKS = 5
WITHIN = 60.0
BINDINGS = "_kombu.binding.eventstream"
RECONCILE = "1"
"""Seconds between two passes of the reconciler."""


@pytest.fixture
def club(
    tmp_path: Path, database_url: str, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[ClubCluster]:
    """A running club, and the environment and tables of the program."""
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE))
    monkeypatch.setenv("DIGEST_BROKER_URL", broker_url)
    monkeypatch.setenv("DIGEST_DATABASE_URL", f"sqlite:///{tmp_path / 'digest.sqlite3'}")
    with open_cluster(tmp_path, database_url, broker_url, reconcile_after=RECONCILE) as club:
        assert club.begin("migrate", module="digest").wait() == 0
        yield club


def post(club: ClubCluster, number: int = BOOKS) -> None:
    """Add books, and wait until their events are confirmed."""
    assert len(post_books(club.url, number).ids) == number
    eventually(lambda: not club.database.count("outbox"), within=WITHIN)


def listed(club: ClubCluster) -> int:
    """Return the number of books in the program's database."""
    path = club.folder / "digest.sqlite3"
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        return int(connection.execute("SELECT count(*) FROM books").fetchone()[0])


def is_bound(broker_url: str) -> bool:
    """Whether the broker has the program's queue; on Valkey, its binding."""
    if broker_url.startswith("redis"):
        with Redis.from_url(broker_url) as client:
            return any("eventstream.digest" in str(m) for m in client.smembers(BINDINGS))
    try:
        waiting(broker_url, "digest")
    except NotFound:
        return False
    return True


@ON_VALKEY_AT_NIGHT
def test_a_program_gets_new_events_and_the_history(club: ClubCluster, broker_url: str) -> None:
    """Events before its first start are in its queue, older ones in a replay: each once."""
    post(club)
    club.call("subscribers", "add", "digest", TYPE)
    post(club)
    assert waiting(broker_url, "digest") == {"digest": BOOKS}

    program = [club.begin(role, module="digest") for role in ("worker", "relay")]
    eventually(lambda: listed(club) == BOOKS, within=WITHIN)
    replayed = club.call("replay", "--subscriber", "digest")
    eventually(lambda: listed(club) == 2 * BOOKS, within=WITHIN)
    eventually(lambda: not club.database.count("outbox"), within=WITHIN)
    post(club)
    eventually(lambda: listed(club) == 3 * BOOKS, within=WITHIN)

    assert f"{2 * BOOKS} events of the history" in replayed
    assert all(process.running for process in program)
    dead_letters = [sys.executable, "-m", "digest", "dead-letters", "list"]
    output = subprocess.check_output(dead_letters, text=True, stderr=subprocess.DEVNULL)
    assert output == "there are no such dead letters\n"
    (progress,) = club.status()[1]["outside"]
    assert progress == {
        "name": "digest",
        "published": 2 * BOOKS,
        "waiting": 0,
        "dead_letters": 0,
        "replaying": False,
    }


@ON_VALKEY_AT_NIGHT
def test_a_program_that_is_removed_leaves_nothing(club: ClubCluster, broker_url: str) -> None:
    """Running processes declare its queue no more, and no event waits for it."""
    club.call("subscribers", "add", "digest", TYPE)
    post(club)
    assert is_bound(broker_url)

    club.call("subscribers", "remove", "digest", "--yes")
    post(club)
    club.call("reconcile")

    assert not is_bound(broker_url)
    code, report = club.status()
    assert (code, report["outside"], report["culprits"]) == (0, [], [])


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_a_queue_that_is_deleted_is_declared_again(club: ClubCluster, broker_url: str) -> None:
    """By the reconciler, with its bindings; a replay fills the gap."""
    club.call("subscribers", "add", "digest", TYPE)
    post(club)
    delete(broker_url, "digest")

    eventually(lambda: is_bound(broker_url), within=WITHIN)
    post(club)
    assert waiting(broker_url, "digest") == {"digest": BOOKS}
    club.call("replay", "--subscriber", "digest")

    eventually(lambda: waiting(broker_url, "digest") == {"digest": 3 * BOOKS}, within=WITHIN)
