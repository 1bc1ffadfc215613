"""The limit of concurrent requests, and bodies that are on their way."""

import asyncio
from typing import Any

import pytest

from reading_club.app.web.application import layers
from reading_club.app.web.middleware import RequestLimits
from reading_club.app.web.policy import ANY_HOST

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}
PATHS = ("/", "/api/books", "/api/activity", "/healthz", "/readyz", "/docs", "/static/base.css")
PROBLEM = "application/problem+json"


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
    monkeypatch.setattr("reading_club.app.web.middleware.MOST_REQUESTS", 2)
    all_asked, go_on = asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    async def slow(scope: Any, _: Any, __: Any) -> None:
        asked.append(scope["path"])
        if len(asked) == 4:
            all_asked.set()
        await go_on.wait()

    limited: Any = slow
    answers = Answers()
    for layer in reversed(layers(ANY_HOST)):
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
