"""Failures of the database are 503 with a reason, in the API and on the pages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import ConnectionPoolEntry

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.testing.builders import an_isbn


@pytest.fixture
def pragma(engine: AsyncEngine) -> Callable[[str], None]:
    """Return a function that runs a PRAGMA on each new connection of the engine."""

    def set_on_all(statement: str) -> None:
        def on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()

        event.listen(engine.sync_engine, "connect", on_connect)

    return set_on_all


def a_book() -> dict[str, str]:
    """Return a book to post, too large for the free space in the allocated database pages."""
    return {"title": "T" * 300, "author": "A" * 200, "isbn": str(an_isbn())}


def assert_unavailable(client: TestClient, reason: str) -> None:
    """Post books until one is refused, and check status and reason, also of the form."""
    answers = (client.post("/api/books", json=a_book()) for _ in range(50))
    answer = next(answer for answer in answers if answer.status_code != 201)
    assert (answer.status_code, answer.json()["detail"]) == (503, reason)
    assert answer.headers["retry-after"]
    page = client.post("/books", data=a_book(), headers={"Accept": "text/html"})
    assert (page.status_code, reason in page.text.replace("&#39;", "'")) == (503, True)


def test_a_full_disk(client: TestClient, pragma: Callable[[str], None]) -> None:
    """A write gets 503, and a read after SQLite's own rollback succeeds."""
    pragma("PRAGMA max_page_count = 1")  # SQLite raises this to the pages in use

    assert_unavailable(client, "the database's disk is full")

    assert client.get("/api/books").status_code == 200


def test_a_database_that_is_read_only(
    client: TestClient, pragma: Callable[[str], None], transport: RecordingOutboxTransport
) -> None:
    """A write gets 503 and stores and sends nothing; a read succeeds."""
    pragma("PRAGMA query_only = ON")

    assert_unavailable(client, "the database is read-only")

    assert client.get("/api/books").json()["items"] == []
    assert transport.handed_over == []


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (
            lambda path: path.unlink(),
            "the database's schema is not the one that this release needs",
        ),
        (lambda path: path.write_bytes(b"no database" * 99), "the database's file is no database"),
        (lambda path: (path.unlink(), path.mkdir()), "the database's file cannot be opened"),
    ],
    ids=["empty", "no database", "folder"],
)
def test_a_file_that_is_not_the_clubs(
    client: TestClient, engine: AsyncEngine, make: Callable[[Path], object], reason: str
) -> None:
    """A read of an unusable database file gets 503 with the reason."""
    make(Path(engine.url.database or ""))

    answer = client.get("/api/books")

    assert (answer.status_code, answer.json()["detail"]) == (503, reason)
