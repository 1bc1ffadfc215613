"""Fixtures: SQLite files with and without tables, and the URL of an unreachable PostgreSQL."""

import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.testing.fixtures import checked_out


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the tables, made once."""
    path = tmp_path_factory.mktemp("template") / "club.sqlite3"
    engine = create_sync_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        metadata.create_all(connection)
    engine.dispose()
    return path


@pytest.fixture
def path(template: Path, tmp_path: Path) -> Path:
    """A file with the tables, for one test."""
    return Path(shutil.copy(template, tmp_path / "club.sqlite3"))


@pytest.fixture
async def engine(path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with the tables; asserts that all connections were returned."""
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    assert checked_out(engine) == 0
    await engine.dispose()


@pytest.fixture
async def empty_engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file without tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    yield engine
    await engine.dispose()


@pytest.fixture
def unreachable() -> Iterator[str]:
    """The URL of an unreachable PostgreSQL: its port is bound by a socket that does not listen."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"postgresql://club:hunter2@127.0.0.1:{unused.getsockname()[1]}/club"
