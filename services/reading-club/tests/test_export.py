"""``/api/export.csv``: the shelf, with the member's own ratings and reviews."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.exported_books import EXPORT_COLUMNS
from reading_club.service.book_files.rows import Row
from reading_club.service.book_files.shelf_export import BOOKS_TOGETHER
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book, an_isbn

EMMA = {"title": "=Emma", "author": "Jane Austen", "isbn": "9780141439587"}


def store_books(client: TestClient, application: Application, number: int) -> None:
    """Store books in one transaction."""

    async def store() -> None:
        async with application.writing() as transaction:
            for _ in range(number):
                await transaction.uow.books.add(a_book())

    assert client.portal is not None
    client.portal.call(store)


def test_the_shelf_is_exported_with_the_caller_s_own_words(
    organiser: Person, member: Person
) -> None:
    """All books, the newest first; reviews of others are not in it."""
    emma = organiser.post("/api/books", json=EMMA).json()["id"]
    other = {"title": "Other", "author": "A", "isbn": an_isbn()}
    assert organiser.post("/api/books", json=other).status_code == 201
    said = {"rating": 7, "comment": 'Good,\n"so far"'}
    headers = {"If-None-Match": "*"}
    assert organiser.put(f"/api/books/{emma}/review", json=said, headers=headers).is_success
    assert member.put(
        f"/api/books/{emma}/review", json={"rating": 1, "comment": "no"}, headers=headers
    ).is_success

    answer = organiser.get("/api/export.csv")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="reading-club.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert tuple(rows[0]) == EXPORT_COLUMNS
    assert [row["Title"] for row in rows] == ["Other", "'=Emma"]
    read = [row for row in BookFile(io.BytesIO(answer.content)) if isinstance(row, Row)]
    assert [(row.title, row.rating, row.review) for row in read] == [
        ("Other", None, ""),
        ("=Emma", 7, said["comment"]),
    ]
    assert str(read[1].book_id) == emma


def test_an_empty_shelf_is_a_header(member: Person) -> None:
    """The file has the columns, and no row."""
    (header,) = csv.reader(io.StringIO(member.get("/api/export.csv").text))

    assert tuple(header) == EXPORT_COLUMNS


def test_every_book_is_exported_by_pages(
    member: Person, client: TestClient, application: Application
) -> None:
    """More books than one page has, each once."""
    store_books(client, application, BOOKS_TOGETHER + 1)

    rows = list(csv.DictReader(io.StringIO(member.get("/api/export.csv").text)))

    assert len({row["Reading Club Book Id"] for row in rows}) == len(rows) == BOOKS_TOGETHER + 1


class Outage:
    """A database that is away from its second transaction on that reads books."""

    def __init__(self, application: Application, fails_at: int) -> None:
        self._reading, self._fails_at, self._pages = application.reading, fails_at, 0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AbstractUnitOfWork]:
        """Yield a unit of work, or fail."""
        async with self._reading() as uow:
            page = uow.books.page

            async def counted(**arguments: Any) -> Any:
                self._pages += 1
                if self._pages == self._fails_at:
                    raise TransientFailure("the database is away")
                return await page(**arguments)

            uow.books.page = counted  # type: ignore[method-assign]
            yield uow


async def messages_of(app: Any, cookies: dict[str, str], sent: list[Any]) -> None:
    """Ask the application for the export, and collect what it sends to the server."""
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/api/export.csv",
        "raw_path": b"/api/export.csv",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), (b"cookie", cookie.encode())],
        "client": ("testclient", 1),
        "server": ("testserver", 80),
        "state": {},
    }

    bodies = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if not bodies:
            await asyncio.Event().wait()  # the client waits for the response
        return bodies.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)


def test_a_failure_in_the_middle_is_no_complete_file(
    member: Person, client: TestClient, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response is not ended, so that the server cuts the connection: clients see an error."""
    store_books(client, application, BOOKS_TOGETHER + 1)
    monkeypatch.setattr(application, "reading", Outage(application, fails_at=2))
    sent: list[Any] = []

    assert client.portal is not None
    with pytest.raises(RuntimeError, match="response already started"):
        client.portal.call(messages_of, client.app, member.cookies, sent)

    assert sent[0]["status"] == 200
    assert b"content-length" not in dict(sent[0]["headers"])
    assert len(sent) == 2
    assert all(message["more_body"] for message in sent[1:])


def test_a_failure_at_the_start_is_told(
    member: Person, application: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first byte the status is 503."""
    monkeypatch.setattr(application, "reading", Outage(application, fails_at=1))

    answer = member.get("/api/export.csv")

    assert (answer.status_code, answer.json()["detail"]) == (503, "the database is away")
