"""The club's web application on a SQLite file and an event stream that is a list."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.uow_sqla import create_engine, orm
from reading_club.app.composition import Club
from reading_club.app.web.application import create_app
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing import InMemoryEventstreamTransport


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and what is unset lands in its folder."""
    for name in ("DATABASE_URL", "BROKER_URL", "HOST", "PORT", "LOG_LEVEL"):
        monkeypatch.delenv(f"READING_CLUB_{name}", raising=False)
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(tmp_path / "var"))


@pytest.fixture
def client(tmp_path: Path, transport: InMemoryEventstreamTransport) -> Iterator[TestClient]:
    """A browser on an open club; ``client.app.state.club`` is the club."""

    @asynccontextmanager
    async def open_club() -> AsyncIterator[Club]:
        engine = create_engine(f"sqlite:///{tmp_path / 'club.sqlite3'}")
        broker = publisher_app("memory://", SUBSCRIBERS)
        async with engine.begin() as connection:
            await connection.run_sync(orm.metadata.create_all)
        yield Club(engine, transport, broker)
        broker.close()
        await engine.dispose()

    with TestClient(create_app(open_club), follow_redirects=False) as client:
        yield client
