"""Pages and API with rows that violate the validation of this release."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.app.web.templates import activity_text
from reading_club.service.activity import ActivityEntry
from reading_club.testing.builders import an_isbn

ODD = "\u202e\x07" + "e" * 400 + "\u0301" * 2_000 + "<b>"


@pytest.fixture
def odd(client: TestClient, engine: AsyncEngine) -> UUID:
    """A stored book and activity entries that validation would refuse; returns the book's id."""
    book = uuid7()

    async def store() -> None:
        row = {"id": book, "title": ODD, "author": ODD, "isbn": "nonsense", "search": "odd"}
        async with engine.begin() as connection:
            await connection.execute(insert(orm.books).values(row))
            catalogued = {"book_id": book, "title": ODD, "author": ODD, "isbn": "nonsense"}
            await connection.execute(insert(orm.catalogue).values(catalogued))
            for payload in (
                {"title": ODD, "author": ODD},
                {},
                {"title": None},
                {"title": "T", "author": 7},
            ):
                entry = {"id": uuid7(), "type": "book_registered_v1", "payload": payload}
                at = datetime.now(UTC)
                await connection.execute(insert(orm.activity).values({**entry, "occurred_at": at}))

    assert client.portal is not None
    client.portal.call(store)
    return book


def test_a_row_that_no_rule_accepts_is_shown_as_it_is(client: TestClient, odd: UUID) -> None:
    """Pages and API respond with 200, show the row as stored, and escape its markup."""
    body = {"title": "A sound book", "author": "A", "isbn": an_isbn()}
    assert client.post("/api/books", json=body).status_code == 201

    page, found = client.get("/"), client.get("/", params={"q": "odd"})
    books = client.get("/api/books").json()["items"]
    book = client.get(f"/api/books/{odd}").json()
    activity = client.get("/api/activity")

    assert (page.status_code, found.status_code, activity.status_code) == (200, 200, 200)
    assert "A sound book" in page.text
    assert ODD.replace("<b>", "&lt;b&gt;") in found.text
    assert "<b>" not in page.text
    assert [b["title"] for b in books] == ["A sound book", ODD]
    assert book.pop("ratings")["count"] == 0
    assert book == {"id": str(odd), "title": ODD, "author": ODD, "isbn": "nonsense"}
    assert "book_registered_v1" in page.text


def test_a_text_of_another_direction_turns_nothing_around_it() -> None:
    """A stored direction override is isolated, and ends with its own field."""
    payload = {"title": "\u202eevil", "author": "Plain"}
    entry = ActivityEntry(
        id=uuid7(), type="book_registered_v1", occurred_at=datetime.now(UTC), payload=payload
    )

    assert activity_text(entry) == "“\u2068\u202eevil\u2069” by Plain joined the shelf."
