"""No secret of a request is in a log line, or in an answer that refuses it."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import FastAPI, Form
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.logs import FORMAT, FieldFormatter
from reading_club.app.logs.json_lines import JSONFormatter
from reading_club.app.processes.web import configuration
from reading_club.app.settings import Settings
from reading_club.app.testing import Visitors
from reading_club.app.web.application import create_app
from reading_club.eventstream.errors import StorageUnavailable

SECRET = "hunter2-of-somebody"
WITHIN = 10.0


class Credentials(BaseModel):
    """A body with a secret."""

    nickname: str
    password: str = Field(max_length=5)
    invitation: int = 0


@pytest.fixture
def app(application: Application) -> FastAPI:
    """The club, with routes that take secrets, and that fail."""
    app = create_app(application)

    @app.post("/api/secret")
    async def by_json(body: Credentials) -> None:
        raise AssertionError(body)

    @app.post("/secret")
    async def by_form(password: Annotated[str, Form(max_length=5)]) -> None:
        raise AssertionError(password)

    @app.get("/unavailable")
    async def unavailable() -> None:
        raise StorageUnavailable("the database is away")

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    return app


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The lines of the log in both formats, at the level of a developer."""
    lines, formatters = list[str](), (FieldFormatter(FORMAT), JSONFormatter("web"))

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.extend(formatter.format(record) for formatter in formatters)

    handler = Lines()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger().addHandler(handler)
        yield lines
        logging.getLogger().removeHandler(handler)


@pytest.fixture
def browser(app: FastAPI, engine: AsyncEngine) -> Iterator[TestClient]:
    """A client of that club."""
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(engine.dispose)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"nickname": "Ann", "password": "{SECRET}"}}',
        f'{{"nickname": "Ann", "password": "abcde", "invitation": "{SECRET}"}}',
        f'{{"nickname": {{"password": "{SECRET}"}}}}',
        f'{{"password": "{SECRET}"',
        f'{{"password": {SECRET}}}',
        f'"{SECRET}"',
        SECRET,
    ],
)
def test_a_refused_body_is_not_repeated(browser: TestClient, lines: list[str], body: str) -> None:
    """422 names the field, and neither the answer nor the log has its value."""
    json = {"Content-Type": "application/json"}

    answer = browser.post("/api/secret", content=body, headers=json)

    assert answer.status_code == 422
    assert SECRET not in answer.text + "".join(lines)
    assert "input" not in answer.json()


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_a_refused_form_is_not_repeated(browser: TestClient, lines: list[str], accept: str) -> None:
    """As in a page of a browser."""
    answer = browser.post("/secret", data={"password": SECRET}, headers={"Accept": accept})

    assert answer.status_code == 422
    assert SECRET not in answer.text + "".join(lines)


async def test_a_token_in_an_address_is_in_no_line(
    app: FastAPI, visitors: Visitors, engine: AsyncEngine, lines: list[str]
) -> None:
    """Over uvicorn as the club configures it: no access log, and a path without its query."""
    visitors.config = configuration(Settings(), app)
    paths = ("/", "/nowhere", "/unavailable", "/broken", "/books/new", "/api/books")

    for path in paths:
        line = f"GET {path}?token={SECRET}&limit={SECRET} HTTP/1.1"
        headers = f"Host: localhost\r\nCookie: session={SECRET}\r\nAuthorization: {SECRET}"
        await visitors.come(f"{line}\r\n{headers}\r\n\r\n".encode())
        await asyncio.wait_for(asyncio.gather(*visitors.state.tasks), WITHIN)
    await engine.dispose()

    text = "\n".join(lines)
    assert "path=/unavailable" in text
    assert '"path": "/unavailable"' in text
    assert "ZeroDivisionError" in text
    assert SECRET not in text
