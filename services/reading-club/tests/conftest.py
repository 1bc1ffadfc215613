"""Fixtures: the web application on a SQLite file, with an in-memory broker."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.accounts.membership import new_welcome_link
from reading_club.app.accounts.passwords import Passwords
from reading_club.app.application import Application
from reading_club.app.backup.backup import backup
from reading_club.app.bootstrap.web import build_application
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.settings import Settings
from reading_club.app.testing import FastHasher, Visitors
from reading_club.app.testing.database_file import publish
from reading_club.app.testing.heartbeats import beat_for_all
from reading_club.app.testing.people import PASSWORD, logged_in
from reading_club.app.testing.person import Person
from reading_club.app.testing.restored_log import restored_log
from reading_club.app.web.application import create_app
from reading_club.service.accounts.accounts import Role
from reading_club.service.subscribers import SUBSCRIBERS

Enter = Callable[[str, Role], Person]
PATIENCE = 60.0
"""Seconds for each health check and count: a test is not to fail because the machine is slow."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Unset the machine's settings, with data in ``tmp_path`` and PATIENCE; restore the log."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"READING_CLUB_{name.upper()}", raising=False)
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(tmp_path / "var"))
    for module in ("app.status", "app.web.stream.overview", "app.doctor.examination"):
        monkeypatch.setattr(f"reading_club.{module}.QUERY_TIMEOUT", PATIENCE)
    with restored_log():
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest schema, made once a session."""
    path = tmp_path_factory.mktemp("template") / "club.sqlite3"

    async def make() -> None:
        engine = create_engine(f"sqlite:///{path}")
        await migrations.upgrade(engine)
        await engine.dispose()

    asyncio.run(make())
    return path


@pytest.fixture
def data_dir(template: Path, tmp_path: Path) -> Path:
    """The data folder of the environment, with a database of the newest schema."""
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    Path(shutil.copy(template, folder / "club.sqlite3")).chmod(0o600)
    return folder


@pytest.fixture
def copy(data_dir: Path, tmp_path: Path) -> Path:
    """A backup with one event, of a club that has published another one since."""
    publish(data_dir / "club.sqlite3")
    backup(Settings(), tmp_path / "club.backup", force=False)
    publish(data_dir / "club.sqlite3")
    return tmp_path / "club.backup"


@pytest.fixture
def running(data_dir: Path) -> Path:
    """The database of the environment, with fresh heartbeats of a relay and all workers."""
    path = data_dir / "club.sqlite3"

    async def beat() -> None:
        engine = create_engine(f"sqlite:///{path}")
        await beat_for_all(SQLHeartbeats(engine, orm.stream))
        await engine.dispose()

    asyncio.run(beat())
    return path


@pytest.fixture
def transport() -> RecordingOutboxTransport:
    """A transport that records events and leaves them in the outbox."""
    return RecordingOutboxTransport()


@pytest.fixture
def engine(template: Path, tmp_path: Path) -> AsyncEngine:
    """An engine on a copy of the template; a test that connects also disposes of it."""
    return create_engine(f"sqlite:///{shutil.copy(template, tmp_path / 'club.sqlite3')}")


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    """Passwords with a fast hash."""
    passwords = Passwords(FastHasher())
    yield passwords
    passwords.close()


@pytest.fixture
def application(
    engine: AsyncEngine, transport: RecordingOutboxTransport, passwords: Passwords
) -> Application:
    """The application on that engine, whose events stay in the outbox; anybody may write."""
    broker = publisher_app("memory://", SUBSCRIBERS)
    made = build_application(engine, transport, broker, passwords, metrics=ProcessMetrics("web"))
    made.open_until_claimed = True
    made.dependencies = replace(made.dependencies, seconds=PATIENCE)
    return made


@pytest.fixture
async def staffed(application: Application, engine: AsyncEngine) -> Application:
    """The application, with fresh heartbeats of a relay and all workers."""
    await beat_for_all(SQLHeartbeats(engine, orm.stream))
    await engine.dispose()  # a test's client has a loop of its own
    return application


@pytest.fixture
def client(application: Application, engine: AsyncEngine) -> Iterator[TestClient]:
    """An HTTP client, which follows no redirects; streams end at once: it reads to the end."""
    app = create_app(application)
    app.state.activity_streams.close_all()
    with TestClient(app, follow_redirects=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(engine.dispose)


@pytest.fixture
def welcome(client: TestClient, application: Application) -> str:
    """The secret of the welcome link."""
    assert client.portal is not None
    secret = client.portal.call(new_welcome_link, application)
    assert secret is not None
    return secret


@pytest.fixture
def visitors() -> Visitors:
    """A server in this process without connections."""
    return Visitors()


@pytest.fixture
def visitor(client: TestClient) -> Person:
    """A person without an account."""
    return Person(client)


@pytest.fixture
def enter(client: TestClient, application: Application) -> Enter:
    """Add a member with this nickname and role, who is logged in."""
    return partial(logged_in, client, application)


@pytest.fixture
def organiser(enter: Enter) -> Person:
    """The organiser Olga, logged in with the password ``correct horse``."""
    return enter("Olga", Role.ORGANISER)


@pytest.fixture
def member(enter: Enter, organiser: Person) -> Person:  # noqa: ARG001  # a club has an organiser
    """The member Mo, logged in with the password ``correct horse``."""
    return enter("Mo", Role.MEMBER)


@pytest.fixture
def second(organiser: Person, visitor: Person) -> Person:  # noqa: ARG001  # makes the account
    """The organiser on a second browser."""
    visitor.post("/api/session", json={"nickname": "Olga", "password": PASSWORD}).raise_for_status()
    return visitor
