"""Methods, content types, limits and bugs, for all routes."""

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.web import middleware
from reading_club.app.web.application import MIDDLEWARE, create_app
from reading_club.app.web.middleware import HEADERS, RequestLimits

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
PATHS = ("/", "/api/books", "/api/activity", "/healthz", "/readyz", "/docs", "/static/base.css")
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", f"/api/books/{uuid7()}"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    """HEAD has the same status and headers as GET, and an empty body."""
    got, head = client.get(path), client.head(path)

    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/books", "GET, HEAD, POST"),
        ("PUT", f"/api/books/{uuid7()}", "GET, HEAD"),
        ("GET", "/books", "POST"),
        ("HEAD", "/books", "POST"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/static/base.css", "GET, HEAD"),
    ],
)
def test_405_tells_every_method_of_the_path(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    """`Allow` names the methods of all routes of the path."""
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("path", ["/api/books", "/books"])
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "nonsense", None])
def test_another_content_type_is_refused(
    client: TestClient, path: str, content_type: str | None
) -> None:
    """415, and the detail names the accepted content type."""
    headers = {} if content_type is None else {"Content-Type": content_type}

    answer = client.post(path, content=b'{"title": "T"}', headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (415, PROBLEM)
    assert "application/" in answer.json()["detail"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/LD+JSON"])
def test_every_kind_of_json_is_taken(client: TestClient, content_type: str) -> None:
    """A content type with a parameter, or ``+json``, is accepted."""
    body = b'{"title": "T", "author": "A", "isbn": "0321125215"}'

    answer = client.post("/api/books", content=body, headers={"Content-Type": content_type})

    assert answer.status_code == 201


def test_a_form_may_be_multipart(client: TestClient) -> None:
    """A form as ``multipart/form-data`` is accepted."""
    files = {name: (None, value) for name, value in DDD.items()}

    assert client.post("/books", files=files).status_code == 303


def test_every_route_with_a_body_has_a_content_type(client: TestClient) -> None:
    """Every route with a body responds with 415 to ``text/plain``."""
    schema = client.get("/openapi.json").json()["paths"]
    bodies = [
        (method, path)
        for path, operations in schema.items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ]

    assert bodies
    for method, path in bodies:
        answer = client.request(method, path, content=b"x", headers={"Content-Type": "text/plain"})
        assert answer.status_code == 415


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_bug_is_answered_with_the_headers_that_guard(
    application: Application,
    engine: AsyncEngine,
    monkeypatch: pytest.MonkeyPatch,
    accept: str,
) -> None:
    """500 has the same security headers as other responses, and no details of the error."""

    def broken() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(application, "unit_of_work", broken)
    with TestClient(create_app(application), raise_server_exceptions=False) as client:
        answer = client.get("/", headers={"Accept": accept})
        assert client.portal is not None
        client.portal.call(engine.dispose)

    assert answer.status_code == 500
    assert answer.headers.items() >= {n.lower(): v for n, v in HEADERS.items()}.items()
    assert "secret" not in answer.text


async def _nothing() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


class Answers(list[dict[str, Any]]):
    """The ASGI messages that were sent."""

    async def send(self, message: Any) -> None:
        """Record a message."""
        self.append(message)


def scope_of(path: str) -> dict[str, Any]:
    """Return the ASGI scope of a GET request."""
    return {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}


async def test_more_requests_than_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After; health checks are served above the limit as well."""
    monkeypatch.setattr(middleware, "MOST_REQUESTS", 2)
    all_asked, go_on = asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    async def slow(scope: Any, _: Any, __: Any) -> None:
        asked.append(scope["path"])
        if len(asked) == 4:
            all_asked.set()
        await go_on.wait()

    limited: Any = slow
    answers = Answers()
    for layer in reversed(MIDDLEWARE):
        limited = layer.cls(limited, *layer.args, **layer.kwargs)
    paths = ("/", "/", "/", "/healthz", "/readyz")
    async with asyncio.TaskGroup() as group:
        for path in paths:
            group.create_task(limited(scope_of(path), _nothing, answers.send))
        await all_asked.wait()
        go_on.set()
    await limited(scope_of("/later"), _nothing, answers.send)

    assert asked == ["/", "/", "/healthz", "/readyz", "/later"]
    assert [a["status"] for a in answers if "status" in a] == [503]
    assert (b"retry-after", b"1") in answers[0]["headers"]
    assert (b"content-type", PROBLEM.encode()) in answers[0]["headers"]


async def test_a_body_that_is_on_its_way_keeps_nothing_busy() -> None:
    """The application is called after the whole body has arrived, with all of it in one message."""
    pieces = [b"a", b"b", b""]
    called_with: list[Any] = []

    async def application(_: Any, receive: Any, __: Any) -> None:
        called_with.append((len(pieces), await receive()))

    async def receive() -> Any:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    await RequestLimits(application)(scope_of("/"), receive, Answers().send)

    assert called_with == [(0, {"type": "http.request", "body": b"ab", "more_body": False})]


async def test_a_client_that_leaves_during_its_body_is_forgotten() -> None:
    """A disconnect during the body sends no response and calls no application."""
    answers = Answers()

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def application(*_: Any) -> None:
        raise AssertionError

    await RequestLimits(application)(scope_of("/"), gone, answers.send)

    assert answers == []
