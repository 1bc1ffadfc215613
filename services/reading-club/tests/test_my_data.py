"""``/api/me/export``: what the club keeps of a member."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.app.web.accounts import kept_reviews, my_data, registered_books
from reading_club.eventstream.errors import TransientFailure, WriteConflict
from reading_club.service.accounts.accounts import Role
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import an_isbn


def write_reviews(person: Person, number: int) -> list[str]:
    """Register books and review them; return their ids, the newest first."""
    books = []
    for at in range(number):
        new = {"title": f"Book {at}", "author": "A", "isbn": an_isbn()}
        books.append(person.post("/api/books", json=new).json()["id"])
        said = {"rating": 7, "comment": 'A "quote", and\na line'}
        headers = {"If-None-Match": "*"}
        assert person.put(f"/api/books/{books[-1]}/review", json=said, headers=headers).is_success
    return books[::-1]


def test_a_member_gets_all_that_is_kept(organiser: Person, member: Person) -> None:
    """The account, sessions, tokens, invitations and reviews, and nothing of others."""
    (book,) = write_reviews(member, 1)
    write_reviews(organiser, 1)
    member.post("/api/tokens", json={"name": "a script"})
    organiser.post("/api/tokens", json={"name": "of another"})
    organiser.post("/api/invitations", json={"days": 3, "uses": 2})

    answer = member.get("/api/me/export")
    kept, of_organiser = answer.json(), organiser.get("/api/me/export").json()

    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.headers["cache-control"] == "no-store"
    my_data.MyData.model_validate(kept)
    assert (kept["account"]["nickname"], kept["account"]["role"]) == ("Mo", "member")
    assert [session["label"] for session in kept["sessions"]] == ["a test"]
    assert [token["name"] for token in kept["tokens"]] == ["a script"]
    assert (kept["invitations"], kept["join_requests"]) == ([], [])
    assert (kept["imports"], kept["own_books"]) == ([], [])
    (review,) = kept["reviews"]
    assert (review["book_id"], review["title"], review["rating"]) == (book, "Book 0", 7)
    assert review["comment"] == 'A "quote", and\na line'
    assert (review["version"], review["created_at"]) == (1, review["updated_at"])
    (registered,) = kept["books"]
    assert (registered["id"], registered["title"], registered["version"]) == (book, "Book 0", 1)
    (invitation,) = of_organiser["invitations"]
    assert invitation["uses_left"] == 2


def test_a_request_to_join_with_the_member_s_nickname_is_in_it(
    organiser: Person, visitor: Person, enter: Any
) -> None:
    """Also if an organiser added the member meanwhile; requests of others are not."""
    organiser.patch("/api/club", json={"may_ask_to_join": True}, headers={"If-Match": "*"})
    for nickname in ("Ann", "Bea"):
        body = {"nickname": nickname, "password": "correct horse"}
        assert visitor.post("/api/join-requests", json=body).is_success

    kept = enter("ann", Role.MEMBER).get("/api/me/export").json()

    assert [request["nickname"] for request in kept["join_requests"]] == ["Ann"]


async def secrets_in(engine: AsyncEngine) -> list[str]:
    """Return the hashes of passwords, sessions, tokens and links that are stored."""
    hashes = []
    async with engine.connect() as connection:
        for table in ("accounts", "sessions", "tokens", "invitations"):
            for row in await connection.execute(text(f"SELECT * FROM {table}")):  # a constant
                hashes += [str(v) for name, v in row._mapping.items() if "hash" in name]
    return hashes


def test_no_secret_is_in_it(organiser: Person, client: TestClient, engine: AsyncEngine) -> None:
    """Neither a token, nor the session, nor the hash of one, nor the password's."""
    token = organiser.post("/api/tokens", json={"name": "a script"}).json()["token"]
    link = organiser.post("/api/invitations", json={}).text

    answer = organiser.get("/api/me/export").text

    assert client.portal is not None
    stored = client.portal.call(secrets_in, engine)
    assert len(stored) == 4
    secrets = [token, organiser.cookies["session"], *stored, *re.findall(r"[\w-]{43}", link)]
    assert len(secrets) >= 7
    assert not [secret for secret in secrets if secret in answer]


def test_books_are_read_by_pages(organiser: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that the member registered, once, also a withdrawn one; a visitor has none."""
    monkeypatch.setattr(registered_books, "BOOKS_TOGETHER", 2)
    books = write_reviews(organiser, 3)
    assert organiser.delete(f"/api/books/{books[0]}").is_success

    kept = organiser.get("/api/me/export").json()["books"]

    assert sorted(book["id"] for book in kept) == sorted(books)
    assert [book["id"] for book in kept if book["withdrawn"]] == books[:1]


def test_reviews_are_read_by_pages(organiser: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, the newest first, also if they fill the last page."""
    monkeypatch.setattr(kept_reviews, "REVIEWS_TOGETHER", 2)
    for number in (2, 3):
        books = write_reviews(organiser, number)

        reviews = organiser.get("/api/me/export").json()["reviews"]

        assert [review["book_id"] for review in reviews][:number] == books
    assert len({review["id"] for review in reviews}) == 5


@pytest.mark.parametrize("failure", [TransientFailure("away"), None], ids=["outage", "removed"])
def test_a_failure_in_the_middle_is_no_complete_document(
    organiser: Person,
    application: Application,
    monkeypatch: pytest.MonkeyPatch,
    failure: TransientFailure | None,
) -> None:
    """The pages of reviews end with an error, instead of a shorter list."""
    monkeypatch.setattr(kept_reviews, "REVIEWS_TOGETHER", 1)
    write_reviews(organiser, 3)
    reading = application.reading

    @asynccontextmanager
    async def failing() -> AsyncIterator[AbstractUnitOfWork]:
        async with reading() as uow:
            page = uow.reviews.page

            async def counted(**arguments: Any) -> Any:
                if arguments.get("before") is None:
                    return await page(**arguments)
                if failure:
                    raise failure
                return []

            uow.reviews.page = counted  # type: ignore[method-assign]
            yield uow

    monkeypatch.setattr(application, "reading", failing)

    with pytest.raises(RuntimeError) as failed:
        organiser.get("/api/me/export")

    assert isinstance(failed.value.__cause__, type(failure) if failure else WriteConflict)


def test_the_account_page_leads_to_both_files(member: Person) -> None:
    """As links that the browser saves."""
    page = member.get("/account").text

    for path in ("/api/export.csv", "/api/me/export"):
        assert f'<a href="{path}" download>' in page
        assert member.get(path).status_code == 200


def test_the_privacy_page_tells_of_the_files(client: TestClient) -> None:
    """Also to visitors."""
    assert "Take it along" in client.get("/privacy").text


def test_the_document_is_json_without_reviews(member: Person) -> None:
    """The list is empty."""
    assert json.loads(member.get("/api/me/export").content)["reviews"] == []
