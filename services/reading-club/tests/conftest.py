"""Fixtures: the web application on a SQLite file, with an in-memory broker."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.application import Application
from reading_club.app.bootstrap.web import build_application
from reading_club.app.heartbeat import this_process
from reading_club.app.settings import Settings
from reading_club.app.testing import Visitors
from reading_club.app.web.application import create_app
from reading_club.service.projections import SUBSCRIBERS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset every setting of the machine, and put the data folder into ``tmp_path``."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"READING_CLUB_{name.upper()}", raising=False)
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(tmp_path / "var"))


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
    shutil.copy(template, folder / "club.sqlite3")
    return folder


async def beat_for_all(engine: AsyncEngine) -> None:
    """Write the heartbeats of a relay, and of a worker for each subscriber."""
    heartbeats = SQLHeartbeats(engine, orm.stream)
    for process in (this_process("relay"), *(this_process("worker", s.name) for s in SUBSCRIBERS)):
        await heartbeats.beat(process)


@pytest.fixture
def running(data_dir: Path) -> Path:
    """The database of the environment, with fresh heartbeats of a relay and all workers."""
    path = data_dir / "club.sqlite3"

    async def beat() -> None:
        engine = create_engine(f"sqlite:///{path}")
        await beat_for_all(engine)
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
    path = shutil.copy(template, tmp_path / "club.sqlite3")
    return create_engine(f"sqlite:///{path}")


@pytest.fixture
def application(engine: AsyncEngine, transport: RecordingOutboxTransport) -> Application:
    """The application on that engine, whose events stay in the outbox."""
    return build_application(engine, transport, publisher_app("memory://", SUBSCRIBERS))


@pytest.fixture
async def staffed(application: Application, engine: AsyncEngine) -> Application:
    """The application, with fresh heartbeats of a relay and all workers."""
    await beat_for_all(engine)
    await engine.dispose()  # a test's client has a loop of its own
    return application


@pytest.fixture
def client(application: Application, engine: AsyncEngine) -> Iterator[TestClient]:
    """An HTTP client of the application, which does not follow redirects."""
    with TestClient(create_app(application), follow_redirects=False) as client:
        yield client
        assert client.portal is not None
        client.portal.call(engine.dispose)


@pytest.fixture
def visitors() -> Visitors:
    """A server in this process without connections."""
    return Visitors()
