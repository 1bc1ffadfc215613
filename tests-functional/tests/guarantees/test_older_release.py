"""An earlier release still writes to a database that this release has migrated."""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reading_club_functional.cluster import ClubCluster, prepared_cluster
from reading_club_functional.consistency import assert_consistent
from reading_club_functional.releases import (
    ReleaseNotBuilt,
    commits,
    require_commit,
)
from reading_club_functional.servers import ValkeyServer

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
    for _ in range(count):
        async with SQLUnitOfWork(RelayedTransport(Lease(0.0)), engine) as transaction:
            isbn = an_isbn()
            command = RegisterBook(isbn=isbn, title=f"Volume {isbn.canonical}", author="Many")
            book = await bus.handle(command, transaction)
            await transaction.commit()
        print(book.id)
    await engine.dispose()

asyncio.run(register(sys.argv[1], int(sys.argv[2])))
"""
"""The program that the earlier release runs, with its own packages."""


@pytest.fixture(params=["sqlite", "postgresql"])
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
    output = subprocess.run(
        [older, "-c", REGISTER, club.settings["database_url"], str(BOOKS)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    ).stdout

    ids = output.split()
    assert len(ids) == BOOKS
    effects = assert_consistent(club, ids)
    assert effects.rows["catalogue"] == Counter(map(UUID, ids))


def test_a_clone_without_the_commit_is_refused(tmp_path: Path) -> None:
    """A shallow clone raises ReleaseNotBuilt, which says how to fetch the history."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, timeout=30)

    with pytest.raises(ReleaseNotBuilt, match="fetch-depth: 0"):
        require_commit(commits()["0.1.0"], tmp_path)
