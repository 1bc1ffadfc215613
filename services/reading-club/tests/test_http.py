"""Methods, content types, limits and bugs, for all routes."""

from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.testing.person import Person
from reading_club.app.web.application import create_app
from reading_club.app.web.response_headers import HEADERS

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
PATHS = ("/", "/api/books", "/api/activity", "/healthz", "/readyz", "/docs", "/static/base.css")
PROBLEM = "application/problem+json"


@pytest.mark.parametrize("path", [*PATHS, "/nowhere", f"/api/books/{UUID(int=0)}"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    """HEAD has the same status and headers as GET, and an empty body."""
    same = {"X-Correlation-ID": str(uuid7())}
    got, head = client.get(path, headers=same), client.head(path, headers=same)

    assert head.status_code == got.status_code
    assert head.content == b""
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/books", "GET, HEAD, POST"),
        ("PUT", f"/api/books/{UUID(int=0)}", "DELETE, GET, HEAD, PATCH"),
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


def test_every_route_with_a_body_has_a_content_type(organiser: Person) -> None:
    """Every route with a body responds with 415 to another type, but the one for files."""
    schema = organiser.get("/openapi.json").json()["paths"]
    bodies = [
        (method, path)
        for path, operations in schema.items()
        for method, operation in operations.items()
        if "requestBody" in operation and path != "/api/imports"
    ]

    assert bodies
    for method, path in bodies:
        headers = {"Content-Type": "text/plain"}
        answer = organiser.request(method, path, content=b"x", headers=headers)
        assert answer.status_code == 415, path


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

    monkeypatch.setattr(application, "reader", broken)
    with TestClient(create_app(application), raise_server_exceptions=False) as client:
        answer = client.get("/", headers={"Accept": accept})
        assert client.portal is not None
        client.portal.call(engine.dispose)

    assert answer.status_code == 500
    assert answer.headers.items() >= {n.lower(): v for n, v in HEADERS.items()}.items()
    assert "secret" not in answer.text
