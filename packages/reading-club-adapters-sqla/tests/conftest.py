"""SQLite files: one without tables, and copies of one with them."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import create_engine, metadata


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
    """An engine on a file with the tables; every connection has to come back to it."""
    engine = create_engine(f"sqlite:///{path}")
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts
    await engine.dispose()


@pytest.fixture
async def empty_engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file without tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    yield engine
    await engine.dispose()
