"""Files are streamed to the routes that take them, to a limit, over the bytes of a connection."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from reading_club.app._uvicorn import BODY_DEADLINE, UPLOAD_DEADLINE
from reading_club.app.application import Application
from reading_club.app.testing import Visitors, Wire
from reading_club.app.testing.person import Person, problem_of
from reading_club.app.testing.valid_imports import FILE
from reading_club.app.web import request_bodies
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy
from reading_club.app.web.request_bodies import LARGEST_BODY, LARGEST_UPLOAD, MOST_UPLOADS

PATHS = ("/api/imports", "/imports")


@pytest.fixture
def club(visitors: Visitors, application: Application) -> Visitors:
    """A server in this process with the application."""
    visitors.config.app = create_app(application, WebPolicy(host="127.0.0.1"))
    return visitors


def head(path: str, headers: str) -> bytes:
    """Return the head of a request with a file."""
    return f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def status(wire: Wire) -> bytes:
    """Return the status line that was sent to the client."""
    return bytes(wire.received).partition(b"\r\n")[0]


@pytest.mark.parametrize("path", PATHS)
async def test_a_declared_size_of_more_than_64_mb_is_refused(club: Visitors, path: str) -> None:
    """413 after the head alone, and what to do."""
    wire = await club.come(head(path, f"Content-Length: {LARGEST_UPLOAD + 1}\r\n"))

    assert status(wire).startswith(b"HTTP/1.1 413 ")
    assert b"64 MB: divide it" in wire.received


async def test_a_visitor_is_refused_before_the_file_arrives(club: Visitors) -> None:
    """401 after the head: no byte of a visitor's file is stored."""
    wire = await club.come(head("/api/imports", f"Content-Length: {LARGEST_UPLOAD}\r\n"))

    assert status(wire).startswith(b"HTTP/1.1 401 ")


async def test_a_file_has_a_longer_deadline(club: Visitors) -> None:
    """A refused one is discarded as long; other bodies keep their own deadline."""
    upload = await club.come(head("/api/imports", "Content-Length: 9\r\n"))
    other = await club.come(head("/api/books", "Content-Length: 9\r\n"))
    for wire in (upload, other):
        await club.say(wire, b"1")

    await club.loop.pass_time(BODY_DEADLINE)
    then = (upload.aborted, other.aborted)
    await club.loop.pass_time(UPLOAD_DEADLINE - BODY_DEADLINE)

    assert (then, upload.aborted) == ((False, True), True)


def test_a_file_may_be_larger_than_other_bodies(member: Person) -> None:
    """It is not received whole before the route has it."""
    rows = b"".join(FILE.splitlines(keepends=True)[2:] * (LARGEST_BODY // 10))

    answer = member.post("/api/imports", content=FILE + rows)
    refused = member.post("/api/books", content=FILE + rows)

    assert len(FILE + rows) > LARGEST_BODY
    assert answer.status_code == 201
    assert answer.json()["sums"]["rows"] == 2 + LARGEST_BODY // 10
    assert problem_of(refused) == (413, "body-too-large")


def test_an_undeclared_size_is_counted(member: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """413 as soon as the limit is reached, and nothing is stored."""
    monkeypatch.setattr(request_bodies, "LARGEST_UPLOAD", 100)

    def chunks() -> Any:
        yield FILE
        yield b"x" * 100

    answer = member.post("/api/imports", content=chunks())

    assert problem_of(answer) == (413, "file-too-large")
    assert member.get("/api/imports").json()["items"] == []


def test_a_limited_number_of_files_is_received_at_once(
    member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 for another one; a place is free again after each file."""
    answers = [member.post("/api/imports", content=b"") for _ in range(MOST_UPLOADS + 1)]
    monkeypatch.setattr(request_bodies, "MOST_UPLOADS", 0)
    busy = member.post("/api/imports", content=FILE)

    assert {answer.status_code for answer in answers} == {422}
    assert busy.status_code == 503
    assert busy.headers["retry-after"] == "5"


def test_a_file_is_on_the_disk_without_a_name(
    member: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No other user can open it, and it is gone whatever happens."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen: list[bool] = []
    unnamed = tempfile.TemporaryFile

    def watched(*args: Any, **options: Any) -> Any:
        file = unnamed(*args, **options)
        seen.append(any(folder.iterdir()))
        return file

    monkeypatch.setattr(tempfile, "TemporaryFile", watched)
    member.post("/api/imports", content=FILE).raise_for_status()

    assert seen == [False]
