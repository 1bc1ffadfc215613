"""``/healthz`` and ``/readyz``."""

from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.application import Application
from reading_club.app.bootstrap.broker import connect
from reading_club.app.bootstrap.web import build_application
from reading_club.app.embedded.broker import free_port
from reading_club.app.health import probe_broker
from reading_club.app.testing.person import Person
from reading_club.service.subscribers import SUBSCRIBERS


def test_a_living_process_says_so(client: TestClient) -> None:
    """``/healthz`` responds with the status ``ok``."""
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.usefixtures("staffed")
def test_a_club_with_everything_is_ready(organiser: Person) -> None:
    """With database, broker, relay and workers ``/readyz`` responds with 200 and ``ok``."""
    answer = organiser.get("/readyz")

    reachable = {"ok": True, "detail": "reachable"}
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": reachable,
        "broker": reachable,
        "outbox": {"ok": True, "detail": "events are on their way"},
        "culprits": [],
    }


def test_a_schema_that_is_behind_is_not_ready(client: TestClient, engine: AsyncEngine) -> None:
    """A database without the newest schema is 503 ``unavailable``; none is an organiser there."""
    assert client.portal is not None
    client.portal.call(migrations.downgrade, engine, "base")

    answer = client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


def test_without_its_broker_the_club_serves_on(
    client: TestClient, application: Application
) -> None:
    """Without the broker ``/readyz`` responds with 200 and ``degraded``."""
    broker = publisher_app(f"redis://127.0.0.1:{free_port()}/0", SUBSCRIBERS)
    away = replace(application.dependencies, connect_broker=lambda: connect(broker))
    application.dependencies = away

    answer = client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"


def test_events_that_are_not_sent_are_told(
    organiser: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that stays too long in the outbox, for whatever cause, is ``degraded``."""
    organiser.post("/api/books", json={"title": "DDD", "author": "Evans", "isbn": "0-321-12521-5"})
    monkeypatch.setattr("reading_club.app.health.OUTBOX_DEADLINE", 0.0)

    answer = organiser.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert "waits" in answer.json()["outbox"]["detail"]


async def test_a_broker_that_is_away_is_told_without_its_address() -> None:
    """The result of the check contains neither URL nor password."""
    app = publisher_app(f"redis://:hunter2@127.0.0.1:{free_port()}/0", SUBSCRIBERS)

    finding = await probe_broker(lambda: connect(app))

    assert not finding.ok
    assert "hunter2" not in finding.detail
    assert "127.0.0.1" not in finding.detail


def test_a_database_that_takes_no_change_is_not_ready(
    client: TestClient,
    organiser: Person,
    staffed: Application,
    transport: RecordingOutboxTransport,
    tmp_path: Path,
    passwords: Passwords,
) -> None:
    """A read-only database is 503 ``unavailable``, although it can be read."""
    engine = create_engine(f"sqlite:///file:{tmp_path}/club.sqlite3?mode=ro&uri=true")
    read_only = build_application(
        engine, transport, publisher_app("memory://", SUBSCRIBERS), passwords
    )
    staffed.dependencies = replace(read_only.dependencies, seconds=staffed.dependencies.seconds)

    answer = organiser.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["database"] == {"ok": False, "detail": "the database is read-only"}
    assert client.portal is not None
    client.portal.call(engine.dispose)


@pytest.mark.parametrize("sender", ["visitor", "member"])
def test_who_is_no_organiser_gets_the_status_alone(
    request: pytest.FixtureRequest, sender: str
) -> None:
    """Neither culprits nor hosts; a token that is not valid makes a visitor as well."""
    person: Person = request.getfixturevalue(sender)

    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = person.get("/readyz", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "degraded"})


def test_the_token_of_an_organiser_gets_the_details(client: TestClient, organiser: Person) -> None:
    """A monitor asks with a token."""
    token = organiser.post("/api/tokens", json={"name": "monitor"}).json()["token"]

    answer = client.get("/readyz", headers={"Authorization": f"Bearer {token}"})

    assert "culprits" in answer.json()


def test_a_process_that_is_missing_is_told(organiser: Person) -> None:
    """Without relay and workers ``/readyz`` is 200 ``degraded``, with a culprit for each."""
    answer = organiser.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["status"] == "degraded"
    assert answer.json()["culprits"] == [
        "no relay is running",
        *(f"no worker of {subscriber.name} is running" for subscriber in SUBSCRIBERS),
    ]
