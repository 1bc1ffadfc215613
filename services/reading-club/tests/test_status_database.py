"""``reading-club status`` checks that the database is writable, and leaves no change."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that is available."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")


def status(*options: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["status", *options])


def test_it_makes_no_files(tmp_path: Path) -> None:
    """Without a database ``status`` exits with 1 and creates neither folder nor file."""
    before = set(tmp_path.rglob("*"))

    result = status()

    assert result.exit_code == 1
    assert "migrate" in result.output
    assert set(tmp_path.rglob("*")) == before


def test_it_leaves_no_row_and_no_file_beside_the_database(running: Path) -> None:
    """The row of the write check is deleted, and SQLite's extra files are removed."""
    with closing(sqlite3.connect(running)) as connection:
        rows = connection.execute("SELECT id, beat_at FROM processes").fetchall()
    files = set(running.parent.iterdir())

    assert status().exit_code == 0

    assert set(running.parent.iterdir()) == files
    with closing(sqlite3.connect(running)) as connection:
        assert connection.execute("SELECT id, beat_at FROM processes").fetchall() == rows


def test_a_read_only_database_is_told(running: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-only database is ``unavailable`` with exit code 1, and its books are counted."""
    url = f"sqlite:///file:{running}?mode=ro&uri=true"
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", url)

    result = status()

    assert result.exit_code == 1
    assert "database  the database is read-only" in result.output
    assert "books     0" in result.output


def test_a_database_that_another_writer_holds_is_told_in_time(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database locked by another writer is reported after BUSY_TIMEOUT."""
    monkeypatch.setattr("reading_club.app.bootstrap.database.BUSY_TIMEOUT", 0.05)
    with closing(sqlite3.connect(running, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("BEGIN IMMEDIATE")
        result = status()

    assert result.exit_code == 1
    assert "database  locked: the database is locked by another writer" in result.output
