"""An earlier release still writes to a database that this release has migrated."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from reading_club.adapters.eventstream.topology import queue_name
from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.load import post_books
from reading_club_functional.old_release import Members, OldRelease, assert_told_as_on_the_page
from reading_club_functional.polling import eventually, repeated
from reading_club_functional.process import APP, PROCESS_TIMEOUT, environment
from reading_club_functional.queues import open_channel
from reading_club_functional.releases import (
    ReleaseNotBuilt,
    commits,
    require_commit,
)
from reading_club_functional.servers import RabbitMQServer, ValkeyServer

BOOKS = 20
REGISTER = """
import asyncio, sys
from reading_club.adapters.uow_sqla import SQLUnitOfWork, create_engine
from reading_club.domain.messages import RegisterBook
from reading_club.service.bus import build_bus
from reading_club.service.outbox import Lease
from reading_club.testing import RelayedTransport, an_isbn

async def register(url, count):
    engine, bus = create_engine(url), build_bus()
    for _ in range(1000):
        an_isbn()  # the first ones are those of books that the test posts
    for _ in range(count):
        async with SQLUnitOfWork(RelayedTransport(Lease(0.0)), engine) as transaction:
            isbn = an_isbn()
            command = RegisterBook(isbn=isbn, title=f"Volume {isbn.canonical}", author="Ann; Many")
            book = await bus.handle(command, transaction)
            await transaction.commit()
        print(book.id)
    await engine.dispose()

asyncio.run(register(sys.argv[1], int(sys.argv[2])))
"""
"""The program that the earlier release runs, with its own packages."""


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.nightly), "postgresql"])
def club(
    request: pytest.FixtureRequest, tmp_path: Path, valkey: ValkeyServer
) -> Iterator[ClubCluster]:
    """A club of this release, with a migrated database, workers and a relay."""
    url = f"sqlite:///{tmp_path / 'club.sqlite3'}"
    if request.param == "postgresql":
        url = str(request.getfixturevalue("database_url"))
    with prepared_cluster(tmp_path, url, valkey.url) as club:
        club.ready(*club.begin_workers(), club.begin("relay"))
        yield club


def test_an_older_release_inserts_books_and_events(club: ClubCluster, older: Path) -> None:
    """The earlier release's events take effect once, at the workers of this release."""
    ids = registered(older, club)

    assert len(ids) == BOOKS
    effects = assert_consistent(club, ids)
    assert effects.rows["catalogue"] == Counter(map(UUID, ids))


def test_no_write_is_refused_between_two_releases(
    tmp_path: Path, database_url: str, valkey: ValkeyServer, older: Path
) -> None:
    """The older web process writes on, while and after the schema is migrated; then this one."""
    with ClubCluster(tmp_path, database_url=database_url, broker_url=valkey.url) as club:
        old = OldRelease(club, older)
        assert old.call("migrate").returncode == 0
        club.ready(old.begin("web"))
        members = Members(old.url)
        club.callback(members.close)

        with repeated(members.post, every=0.1):
            members.wait_for_more()
            club.call("migrate")
            assert_told_as_on_the_page(old)
            members.wait_for_more()
            club.start("web")
            members.proxied = club.url
            members.wait_for_more()

        assert members.failures == []
        assert club.database.count("books") == len(members.ids)


@contextmanager
def older_worker(older: Path, club: ClubCluster, subscriber: str) -> Iterator[None]:
    """Run a worker of the earlier release, which migrates the database to its own schema first.

    It refuses to start on a later one, and goes on while the database is migrated.
    """
    settings = environment(club.folder, **club.settings)
    subprocess.run([older, "-m", APP, "migrate"], env=settings, check=True, timeout=60)
    with (club.folder / "older-worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [older, "-m", APP, "worker", "--subscriber", subscriber],
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: club.database.count("subscriptions"), within=PROCESS_TIMEOUT)
        yield
    finally:
        worker.terminate()
        worker.wait(PROCESS_TIMEOUT)


@pytest.mark.nightly
def test_versions_of_an_event_cross_releases_in_both_directions(
    tmp_path: Path,
    database_url: str,
    rabbitmq: RabbitMQServer,
    older: Path,
) -> None:
    """Events of both releases' producers take effect once, each in a version that is known there.

    An older worker, whose queue is bound to both versions by now, gets the first one. A worker of
    this release upcasts the first. A program of the second version alone gets each event once in
    that one, under the id of the event.
    """
    rabbitmq.empty()
    with ClubCluster(tmp_path, database_url=database_url, broker_url=rabbitmq.url) as club:
        with older_worker(older, club, "activity"):
            club.call("migrate")
            club.call("subscribers", "add", "shelf", "book_registered_v2")
            upcasting = club.begin("worker", "--subscriber", "catalogue")
            club.ready(upcasting, club.begin("relay"), club.begin("web"))
            ids = [*post_books(club.url, BOOKS).ids, *registered(older, club)]
            effects = assert_consistent(club, ids)
        authors = dict(club.database.rows("SELECT author, count(*) FROM catalogue GROUP BY 1"))
        stored = club.database.rows("SELECT id FROM messages WHERE type = 'book_registered_v1'")
        letters = club.database.count("dead_letters")

    assert effects.rows["catalogue"] == effects.rows["activity"] == Counter(map(UUID, ids))
    assert (authors["Ann; Many"], letters) == (BOOKS, 0)
    copies = taken(rabbitmq.url, "shelf")
    assert Counter(UUID(each["id"]) for each in copies) == Counter(UUID(str(i)) for (i,) in stored)
    assert {each["type"] for each in copies} == {"book_registered_v2"}
    payloads = [json.loads(each["payload"]) for each in copies]
    assert sum(payload["authors"] == ["Ann", "Many"] for payload in payloads) == BOOKS


def registered(older: Path, club: ClubCluster) -> list[str]:
    """Let the earlier release register books, and return their ids."""
    return subprocess.run(
        [older, "-c", REGISTER, club.settings["database_url"], str(BOOKS)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    ).stdout.split()


def taken(broker_url: str, subscriber: str) -> list[dict[str, Any]]:
    """Take all envelopes from a subscriber's queue."""
    with open_channel(broker_url) as channel:
        get = iter(lambda: channel.basic_get(queue_name(subscriber), no_ack=True), None)
        return [channel.message_to_python(each).payload[1]["message"] for each in get]


def test_a_clone_without_the_commit_is_refused(tmp_path: Path) -> None:
    """A shallow clone raises ReleaseNotBuilt, which says how to fetch the history."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, timeout=30)

    with pytest.raises(ReleaseNotBuilt, match="fetch-depth: 0"):
        require_commit(commits()["0.1.0"], tmp_path)
