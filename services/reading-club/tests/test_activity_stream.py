"""``/api/activity/stream``, read while it is sent."""

import json
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.application import Application
from reading_club.app.testing.activity import Looks, books, let_happen, reading
from reading_club.app.web.application import create_app
from reading_club.domain.messages import ReviewCreated

STREAM = "/api/activity/stream"
NOW = {"": "activity", "id": "0", "retry": "2000"}
"""The beginning of a stream of a log without entries."""


@pytest.fixture
def looks() -> Looks:
    """Looks for arrivals that come when told."""
    return Looks()


@pytest.fixture
async def app(
    application: Application, engine: AsyncEngine, looks: Looks
) -> AsyncIterator[FastAPI]:
    """The club, whose streams look for arrivals when told."""
    app = create_app(application, most_streams=2)
    app.state.activity_streams.pause = looks.pause
    yield app
    await engine.dispose()


async def test_what_arrives_is_sent(app: FastAPI, application: Application, looks: Looks) -> None:
    """The beginning has the position; each event has the next one, and its entry."""
    async with reading(app, STREAM) as client:
        assert await client.event() == NOW
        assert client.status == 200
        assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert client.headers["x-accel-buffering"] == "no"

        await books(application.unit_of_work, "Live")
        await looks.look()

        event = await client.event()
        assert event["id"] == "1"
        assert json.loads(event["data"])["payload"]["title"] == "Live"


async def test_a_comment_is_not_sent(app: FastAPI, application: Application, looks: Looks) -> None:
    """A review's comment is left out, as it is in the list."""
    id_ = uuid7()
    review = ReviewCreated(
        id=id_, book_id=id_, reviewer_id=id_, rating=7, comment="Secret.", version=1
    )
    async with reading(app, STREAM) as client:
        await client.event()
        await let_happen(application.unit_of_work, review)
        await looks.look()

        payload = json.loads((await client.event())["data"])["payload"]

    assert payload["rating"] == 7
    assert "comment" not in payload


@pytest.mark.parametrize(
    ("query", "headers"),
    [("?after=1", {}), ("", {"Last_Event_ID": "1"}), ("?after=0", {"Last_Event_ID": "1"})],
    ids=["after", "header", "the header before the address"],
)
async def test_a_client_goes_on(
    app: FastAPI, application: Application, query: str, headers: dict[str, str]
) -> None:
    """What arrived while the client was away comes at once."""
    await books(application.unit_of_work, "seen", "missed")

    async with reading(app, f"{STREAM}{query}", **headers) as client:
        assert (await client.event())["id"] == "1"
        assert "missed" in (await client.event())["data"]


@pytest.mark.parametrize("position", ["-1", "x", str(2**63)])
async def test_what_is_no_position_is_refused(app: FastAPI, position: str) -> None:
    """Neither in the address nor in the header."""
    async with reading(app, f"{STREAM}?after={position}") as client:
        await client.rest()
        assert client.status == 422
    async with reading(app, STREAM, Last_Event_ID=position) as client:
        await client.rest()
        assert client.status == 422


async def test_one_stream_too_many_is_refused(app: FastAPI, application: Application) -> None:
    """503 with a problem; a client that leaves makes room, and is no longer counted."""
    async with reading(app, STREAM) as first, reading(app, STREAM) as second:
        await first.event()
        await second.event()
        async with reading(app, STREAM) as third:
            assert "too many open streams" in await third.rest()
            assert third.status == 503
            assert third.headers["retry-after"] == "30"
            assert third.headers["content-type"] == "application/problem+json"
    async with reading(app, STREAM) as client:
        assert await client.event() == NOW
        assert application.metrics is not None
        assert b"reading_club_activity_streams_open 1.0" in application.metrics.as_text()
    assert b"reading_club_activity_streams_open 0.0" in application.metrics.as_text()


async def test_a_shutdown_ends_streams(app: FastAPI) -> None:
    """The process waits for no client."""
    async with reading(app, STREAM) as client:
        await client.event()

        app.state.activity_streams.close_all()

        assert await client.rest() == ""


async def test_head_is_answered_at_once(app: FastAPI) -> None:
    """The headers of a stream, without the stream."""
    async with reading(app, STREAM, method="HEAD") as client:
        assert await client.rest() == ""
        assert client.status == 200
