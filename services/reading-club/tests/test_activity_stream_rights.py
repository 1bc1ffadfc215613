"""Who goes on to get the events of a stream that is open."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.app.accounts.membership import NewMember, add_member, log_in
from reading_club.app.activity_streams import an_interval
from reading_club.app.application import Application
from reading_club.app.open_stream import OpenStream
from reading_club.app.testing.activity import Looks, books, reading
from reading_club.app.testing.database_file import NOW, rows
from reading_club.app.testing.people import PASSWORD
from reading_club.app.web import activity_stream
from reading_club.app.web.application import create_app
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.service.accounts.accounts import Role
from reading_club.service.accounts.club import ClubSettings
from reading_club.service.activity import Arrival
from reading_club.service.uow import AbstractUnitOfWork

DAY = 86_400
STREAM = "/api/activity/stream"
OLGA = NewMember.model_validate({"nickname": "Olga", "password": PASSWORD})


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


@pytest.fixture
async def cookie(application: Application) -> str:
    """The cookie of the organiser's session."""
    await add_member(application, OLGA, Role.ORGANISER)
    return f"session={(await log_in(application, 'Olga', PASSWORD, 'a test'))[1]}"


async def close_to_visitors(application: Application) -> None:
    """Let members alone look."""
    async with application.writing() as transaction:
        version = (await transaction.uow.club.get()).version
        await transaction.uow.club.change(ClubSettings(open_to_read=False), version)


async def end_sessions(application: Application) -> None:
    """End all sessions of the organiser."""
    async with application.writing() as transaction:
        (account,) = await transaction.uow.accounts.list()
        await transaction.uow.sessions.end_all(account.id)


async def test_a_stream_ends_with_the_session(
    app: FastAPI, application: Application, cookie: str
) -> None:
    """Nothing is sent any more after a log-out, also in a club that visitors may read."""
    app.state.activity_streams.recheck = 0.0
    async with reading(app, STREAM, Cookie=cookie) as client:
        await client.event()
        await end_sessions(application)
        await books(application.unit_of_work, "after the log-out")

        assert await client.rest() == ""


async def test_a_stream_of_a_session_that_lasts_goes_on(
    app: FastAPI, application: Application, cookie: str, looks: Looks
) -> None:
    """It is checked, and its entries are sent; visitors are refused meanwhile."""
    await close_to_visitors(application)
    app.state.activity_streams.recheck = 0.001
    async with reading(app, STREAM, Cookie=cookie) as client:
        await client.event()
        await books(application.unit_of_work, "to members")
        await looks.look()

        assert "to members" in (await client.event())["data"]
    async with reading(app, STREAM) as visitor:
        await visitor.rest()
        assert visitor.status == 401


async def test_an_open_stream_is_no_use_of_a_session(
    app: FastAPI, cookie: str, looks: Looks, tmp_path: Path
) -> None:
    """A session that is not used expires, also while its stream is open."""
    app.state.activity_streams.recheck, database = 0.0, tmp_path / "club.sqlite3"
    async with reading(app, STREAM, Cookie=cookie) as client:
        await client.event()
        rows(database, f"UPDATE sessions SET last_used_at = {NOW.format(-DAY)}")
        before = rows(database, "SELECT last_used_at FROM sessions")
        for _ in range(3):
            await looks.look()

        assert not client.ended.is_set()
        assert rows(database, "SELECT last_used_at FROM sessions") == before


async def test_arrivals_do_not_put_off_the_check(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is due 15 seconds after the one before, whatever is sent in between."""
    now, waits = [100.0], list[float]()

    class Busy(OpenStream):
        async def next(self, within: float) -> list[Arrival] | None:
            waits.append(within)
            now[0] += 10
            return [] if len(waits) < 3 else None

    async def page(_: int) -> list[Arrival]:
        return []

    async def may_read(*_: object) -> bool:
        return True

    monkeypatch.setattr(activity_stream, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(activity_stream, "may_still_read", may_read)
    stream = Busy(0, 0, page, an_interval)
    sent = activity_stream.stream_activity(Request({"type": "http", "app": app}), stream)

    assert len([event async for event in sent]) == 1
    assert waits == [15.0, 5.0, 15.0]


async def test_a_shutdown_does_not_wait_for_a_database_that_is_away(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream whose sender cannot be looked up ends with the others."""
    streams, looked_up = app.state.activity_streams, list[object]()

    async def look_up(request: Request) -> bool:
        looked_up.append(request)
        if len(looked_up) == 1:
            streams.close_all()
            streams.pause = partial(asyncio.sleep, 0)
            raise StorageUnavailable("the database is away")
        return True

    monkeypatch.setattr(activity_stream, "_may_read", look_up)
    streams.recheck = 0.0
    async with reading(app, STREAM) as client:
        await client.ended.wait()

    assert len(looked_up) == 1


async def test_a_visitors_stream_ends_when_the_club_closes(
    app: FastAPI, application: Application
) -> None:
    """An organiser who lets members alone read means open streams as well."""
    app.state.activity_streams.recheck = 0.0
    async with reading(app, STREAM) as client:
        await client.event()
        await close_to_visitors(application)

        assert await client.rest() == ""


async def test_a_stream_stays_open_while_the_database_is_away(
    app: FastAPI, application: Application, cookie: str, looks: Looks
) -> None:
    """Who may read is asked again when the database is back; then the entries are sent."""
    streams, reader = app.state.activity_streams, application.reader
    async with reading(app, STREAM, Cookie=cookie) as client:
        await client.event()
        await books(application.unit_of_work, "before the outage")
        streams.recheck = 0.001

        def away() -> AbstractUnitOfWork:
            raise StorageUnavailable("the database is away")

        application.reader = away
        await looks.look()
        assert not client.ended.is_set()

        application.reader = reader
        sent = asyncio.create_task(client.event())
        while not sent.done():
            await looks.look()
        assert "before the outage" in sent.result()["data"]
