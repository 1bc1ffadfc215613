"""Restores that are refused, or fail: the database stays as it is."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.adapters.uow_sqla import migrations
from reading_club.app.backup.restore import restore
from reading_club.app.cli import main
from reading_club.app.embedded.run import data_dir_lock
from reading_club.app.settings import Settings
from reading_club.app.testing.database_file import rows
from reading_club.eventstream.command_line import CommandFailed

EVENTS = "SELECT id FROM messages ORDER BY position"


@pytest.fixture
def path(data_dir: Path) -> Path:
    """The database file of the environment."""
    return data_dir / "club.sqlite3"


def call(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_a_pipe_is_refused(path: Path, copy: Path) -> None:
    """A copy is read more than once."""
    before, pipe = rows(path, EVENTS), copy.with_name("pipe")
    os.mkfifo(pipe)

    refused = call("restore", pipe)

    assert refused.exit_code == 2
    assert f"{pipe} is no file with a copy" in refused.output
    assert rows(path, EVENTS) == before


@pytest.mark.parametrize("address", [None, "sqlite:///{}"])
def test_a_database_behind_a_link_is_replaced_where_it_is(
    path: Path, copy: Path, address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link stays, also one in the address: the folder it leads to may be on another disk."""
    if address:
        monkeypatch.setenv("READING_CLUB_DATABASE_URL", address.format(path))
    real = path.parent.parent / "disk"
    real.mkdir()
    path.replace(real / path.name)
    path.symlink_to(real / path.name)

    assert call("restore", copy).exit_code == 0

    assert path.is_symlink()
    assert len(rows(real / path.name, EVENTS)) == 1


def test_a_running_club_is_refused(path: Path, copy: Path) -> None:
    """By the lock of its folder, or by the connection of a process that runs alone."""
    before = rows(path, EVENTS)
    with data_dir_lock(Settings(data_dir=path.parent)):
        running = call("restore", copy)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM books").fetchone()
        in_use = call("restore", copy)

    assert (running.exit_code, in_use.exit_code) == (2, 2)
    assert "is running already" in running.stderr
    assert "is in use: stop web, relay and workers" in in_use.stderr
    assert rows(path, EVENTS) == before
    assert list(path.parent.glob("*.before-*")) == []


def test_a_file_that_is_no_backup_is_refused(path: Path, copy: Path) -> None:
    """Text, another program's database, a damaged one, none: the database stays as it is."""
    before, other = rows(path, EVENTS), copy.with_name("other")
    refusals = {}
    other.write_text("no database" * 999)
    refusals["text"] = call("restore", other).stderr
    other.unlink()
    refusals["none"] = call("restore", other).stderr
    rows(other, "CREATE TABLE recipes (title)")
    refusals["other"] = call("restore", other).stderr
    content = bytearray(copy.read_bytes())
    content[4096:] = b"z" * (len(content) - 4096)
    other.write_bytes(content)
    refusals["damaged"] = call("restore", other).stderr
    refusals["itself"] = call("restore", path).stderr

    assert "is no database of a club: file is not a database" in refusals["text"]
    assert "there is no file" in refusals["none"]
    assert "is no database of a club: it has no table" in refusals["other"]
    assert "malformed" in refusals["damaged"]
    assert "is the database itself" in refusals["itself"]
    assert rows(path, EVENTS) == before
    assert list(path.parent.glob("*.before-*")) == []


def test_a_copy_of_a_later_release_is_refused(path: Path, copy: Path) -> None:
    """The reason names both schemas, and the database stays as it is."""
    rows(copy, "UPDATE alembic_version SET version_num = '9999'")
    before = rows(path, EVENTS)

    refused = call("restore", copy)

    assert refused.exit_code == 2
    known = f"schema 9999, which this release ({migrations.head()}) does not know"
    assert f"{copy} is not restored: the database is at {known}" in refused.stderr
    assert rows(path, EVENTS) == before


def test_a_full_disk_leaves_the_database(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails before the last step, the database is the one from before."""
    before = rows(path, EVENTS)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("reading_club.app.backup.restore.rename_durably", fail)

    with pytest.raises(CommandFailed, match="No space left on device"):
        restore(Settings(), copy)

    assert rows(path, EVENTS) == before
    assert not path.with_name("club.sqlite3.restoring").exists()
