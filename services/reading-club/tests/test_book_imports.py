"""Imports of files by the API."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from reading_club.app.application import Application
from reading_club.app.testing.person import Person, problem_of
from reading_club.app.testing.valid_imports import FILE
from reading_club.domain.messages import ImportStepDue
from reading_club.service.imports.subscriber import imports

STOPPED, RUNNING, FINISHED = ({"state": state} for state in ("stopped", "running", "finished"))
Handle = Callable[[str, int], None]


@pytest.fixture
def handle(client: TestClient, application: Application) -> Handle:
    """Handle a step of an import, as its worker does."""

    async def handle_in_transaction(event: ImportStepDue) -> None:
        async with application.writing() as transaction:
            await imports.handle(event, transaction.uow)

    def call(id_: str, step: int) -> None:
        event = ImportStepDue.model_validate({"import_id": id_, "step": step})
        assert client.portal is not None
        client.portal.call(handle_in_transaction, event)

    return call


def post(person: Person, content: bytes) -> Any:
    """Send a file as the body."""
    return person.post("/api/imports", content=content)


def test_a_file_is_stored_and_then_handled(member: Person, handle: Handle) -> None:
    """The sums are those of the rows, before and after; the books are on the shelf."""
    answer = post(member, FILE)
    stored, where = answer.json(), answer.headers["location"]
    handle(stored["id"], 1)
    finished = member.get(where).json()

    assert answer.status_code == 201
    assert (stored["format"], stored["state"]) == ("Goodreads", "running")
    sums = {"rows": 2, "added": 0, "known": 0, "skipped": 0, "rejected": 1, "waiting": 1}
    assert stored["sums"] == sums
    assert finished["sums"] == {**sums, "added": 1, "waiting": 0}
    assert finished["state"] == "finished"
    assert member.get("/api/imports").json()["items"] == [finished]
    (book,) = member.get("/api/books").json()["items"]
    assert member.get(f"/api/books/{book['id']}/review").json()["rating"] == 8


def test_a_file_may_come_in_a_form(member: Person) -> None:
    """In the field ``file``; a form without one is refused, and names the field."""
    stored = member.post("/api/imports", files={"file": ("library.csv", FILE)})
    member.patch(stored.headers["location"], json=FINISHED)
    empty = member.post("/api/imports", files={"other": ("library.csv", FILE)})

    assert stored.status_code == 201
    assert problem_of(empty) == (422, "file-refused")
    assert empty.json()["errors"] == [{"field": "file", "detail": "choose a file"}]


HEADER, ROW = "Title,Author,ISBN13", "Emma,Jane Austen,9780141439587"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04" + b"\0" * 5_000_000, "this is a ZIP archive: unpack it"),
        (b"\x1f\x8b\x08" + b"\0" * 50, "this is a gzip archive"),
        (f"{HEADER}\n{ROW}".encode("utf-16"), "this file is in UTF-16"),
        (f"{HEADER}\nÉmile,Rousseau,9780141439587".encode("cp1252"), "line 2 is not in UTF-8"),
        (b"Name|Writer\nEmma|Jane Austen\n", "the columns are not known"),
        (f"{HEADER}\n".encode(), "the file has a header, but no row"),
        (b"<html><body>Log in</body></html>", "this is a web page"),
    ],
    ids=["empty", "ZIP bomb", "gzip", "UTF-16", "1252", "columns", "header", "page"],
)
def test_another_kind_of_file_gets_its_answer(member: Person, content: bytes, told: str) -> None:
    """It names the field and what to do; nothing is stored, so that a right file can follow."""
    refused = post(member, content)

    assert problem_of(refused) == (422, "file-refused")
    assert refused.json()["errors"][0]["field"] == "file"
    assert told in refused.json()["detail"]
    assert member.get("/api/imports").json()["items"] == []
    assert post(member, FILE).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        'Title;Author;ISBN13\n"Emma; a novel";Jane Austen;="9780141439587"\n',
        "Title\tAuthor\tISBN13\nEmma\tJane Austen\t9780141439587\n",
        '\ufeffTitle,Author,ISBN\r\n"Emma, or ""Wit""\r\nagain",Jane Austen,="0141439580"\r\n',
    ],
    ids=["semicolons", "tabs", "quotes"],
)
def test_separators_and_quotes_are_recognised(member: Person, handle: Handle, content: str) -> None:
    """As spreadsheets of other countries and Goodreads write them."""
    stored = post(member, content.replace("\r\nagain", "").encode()).json()
    handle(stored["id"], 1)

    assert member.get(f"/api/imports/{stored['id']}").json()["sums"]["added"] == 1
    (book,) = member.get("/api/books").json()["items"]
    assert (book["title"][:4], book["isbn"]) == ("Emma", "9780141439587")


def test_one_import_a_member_at_a_time(member: Person, organiser: Person) -> None:
    """409 while one is not finished; another member has another one."""
    first = post(member, FILE).json()["id"]
    refused, other = post(member, FILE), post(organiser, FILE)
    member.patch(f"/api/imports/{first}", json=FINISHED)

    assert problem_of(refused) == (409, "import-unfinished")
    assert other.status_code == 201
    assert post(member, FILE).status_code == 201


def test_an_import_is_stopped_and_goes_on(member: Person, handle: Handle) -> None:
    """A step that was due before the stop has no effect; to go on twice is to go on."""
    id_ = post(member, FILE).json()["id"]
    stopped = [member.patch(f"/api/imports/{id_}", json=STOPPED).json() for _ in "12"]
    handle(id_, 1)
    running = [member.patch(f"/api/imports/{id_}", json=RUNNING).json() for _ in "12"]
    handle(id_, 1)
    waiting = member.get(f"/api/imports/{id_}").json()
    handle(id_, 2)

    assert {each["state"] for each in stopped} == {"stopped"}
    assert {each["state"] for each in running} == {"running"}
    assert waiting["sums"]["waiting"] == 1
    assert member.get(f"/api/imports/{id_}").json()["sums"]["added"] == 1
    assert member.patch(f"/api/imports/{id_}", json=STOPPED).json()["state"] == "finished"
    assert member.patch(f"/api/imports/{id_}", json={"state": "x"}).status_code == 422


def test_an_import_is_its_members_alone(member: Person, organiser: Person) -> None:
    """For others, also for organisers, it does not exist."""
    where = post(member, FILE).headers["location"]
    for answer in (
        organiser.get(where),
        organiser.get(f"{where}/rejected.csv"),
        organiser.patch(where, json=FINISHED),
    ):
        assert problem_of(answer) == (404, "import-not-found")
    assert member.get(where).json()["state"] == "running"


def test_rejected_rows_are_mended_and_imported(member: Person, handle: Handle) -> None:
    """They come with the columns of the file and a reason, and are read again."""
    id_ = post(member, FILE).json()["id"]
    handle(id_, 1)
    answer = member.get(f"/api/imports/{id_}/rejected.csv")
    header, (*cells, reason) = csv.reader(io.StringIO(answer.text))
    mended = answer.text.replace(",12,", ",9780316098328,")
    second = post(member, mended.encode()).json()["id"]
    handle(second, 1)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    assert header[:3] == ["Title", "Author", "ISBN13"]
    assert cells == ["Room", "E.D.", "12", "5"]
    assert reason.startswith("line 3: ISBN13 is no ISBN")
    assert member.get(f"/api/imports/{second}").json()["sums"]["added"] == 1


def test_shelves_and_dates_are_the_members_own(member: Person, handle: Handle) -> None:
    """They are in the files of all that is kept of the member, and on no page of the club."""
    line = "Emma,Jane Austen,9780141439587,2024/05/17,2023/01/02,sea\n"
    content = f"Title,Author,ISBN13,Date Read,Date Added,Bookshelves\n{line}"
    id_ = post(member, content.encode()).json()["id"]
    handle(id_, 1)

    kept = member.get("/api/me/export").json()
    (book,) = member.get("/api/books").json()["items"]
    dates = {"read_on": "2024-05-17", "added_on": "2023-01-02"}
    assert kept["own_books"] == [{"book_id": book["id"], "shelves": ["sea"], **dates}]
    assert [each["id"] for each in kept["imports"]] == [id_]
    assert "2024/05/17,2023/01/02" in member.get("/api/export.csv").text
    assert "sea" not in member.get(f"/books/{book['id']}").text


def test_a_member_who_leaves_takes_imports_along(member: Person) -> None:
    """With the rows that were not handled."""
    stored = post(member, FILE).json()["id"]
    left = member.post("/api/me/leave", json={"erase": True, "password": "correct horse"})

    assert left.status_code == 204
    assert member.get(f"/api/imports/{stored}").status_code == 401
