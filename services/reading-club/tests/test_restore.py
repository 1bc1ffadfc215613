"""The command ``reading-club restore``."""

import asyncio
import re
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.app.cli import main
from reading_club.app.testing.database_file import NOW, TYPE, in_outbox, publish, rows

DAY = 86_400.0
EVENTS = "SELECT id FROM messages ORDER BY position"
INBOX = f"INSERT INTO inbox VALUES ('activity', ?, {NOW.format(0)})"
SUBSCRIBED = "INSERT INTO subscriptions (subscriber, type, since) VALUES (?, ?, '2020-01-01')"


@pytest.fixture
def path(data_dir: Path) -> Path:
    """The database file of the environment."""
    return data_dir / "club.sqlite3"


def call(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def names_in(folder: Path) -> list[str]:
    """Return the names of files and folders, with ``*`` for the time in the name of a kept one."""
    return sorted(re.sub(r"before-.*", "before-*", each.name) for each in folder.iterdir())


def test_the_copy_takes_the_place_of_the_database(path: Path, copy: Path) -> None:
    """The rows are those of the copy; the database from before is kept, and nothing else left."""
    later = rows(path, EVENTS)
    path.with_name("club.sqlite3-journal").write_bytes(b"")

    done = call("restore", copy)

    assert done.exit_code == 0, done.stderr
    assert f"restored from {copy}: 0 books" in done.output
    assert rows(path, EVENTS) == rows(copy, EVENTS) == later[:1]
    (kept,) = path.parent.glob("*.before-*")
    assert f"the database from before is kept: {kept}" in done.output
    assert rows(kept, EVENTS) == later
    assert path.stat().st_mode & 0o777 == 0o600
    assert names_in(path.parent) == ["club.sqlite3", "club.sqlite3.before-*", "run.lock"]


def test_processes_that_ran_at_the_copy_do_not_run_in_the_restored_club(
    running: Path, tmp_path: Path
) -> None:
    """Their heartbeats would keep ``reconcile --after-restore`` waiting."""
    assert call("backup", tmp_path / "club.backup").exit_code == 0

    assert call("restore", tmp_path / "club.backup").exit_code == 0

    assert rows(running, "SELECT count(*) FROM processes") == [(0,)]


def write_to_the_log(path: Path) -> None:
    """Leave a row in SQLite's log alone, as a process that is killed does."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("INSERT INTO alembic_version VALUES ('unknown')")
    connection.commit()
    files = {each: each.read_bytes() for each in path.parent.glob("club.sqlite3*")}
    connection.close()
    for each, content in files.items():
        each.write_bytes(content)


def test_a_log_of_the_old_database_is_not_applied_to_the_new_one(path: Path, copy: Path) -> None:
    """What only SQLite's log has is in the kept database, and in no other."""
    write_to_the_log(path)

    assert call("restore", copy).exit_code == 0

    (kept,) = path.parent.glob("*.before-*")
    assert rows(path, "SELECT count(*) FROM alembic_version") == [(1,)]
    assert rows(kept, "SELECT count(*) FROM alembic_version") == [(2,)]


def test_a_damaged_database_is_replaced(path: Path, copy: Path) -> None:
    """Also if it is no database any more; it is kept with its log, which is applied to none."""
    write_to_the_log(path)
    log = path.with_name("club.sqlite3-wal").read_bytes()
    path.write_bytes(b"x" * 9999)

    assert call("restore", copy).exit_code == 0

    kept = {each.suffix[-4:]: each.read_bytes() for each in path.parent.glob("*.before-*")}
    assert kept.pop("-wal") == log
    assert b"x" * 9999 in kept.values()
    assert rows(path, EVENTS) == rows(copy, EVENTS)
    assert rows(path, "SELECT count(*) FROM alembic_version") == [(1,)]


def test_a_new_folder_gets_the_database(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a new computer there is nothing to keep."""
    monkeypatch.setenv("READING_CLUB_DATA_DIR", str(copy.parent / "new"))

    done = call("restore", copy)

    assert "kept" not in done.output
    assert names_in(copy.parent / "new") == ["club.sqlite3", "run.lock"]


def test_a_copy_of_an_earlier_release_is_upgraded(path: Path, tmp_path: Path) -> None:
    """Before it takes the place of the database; the copy itself stays as it is."""
    old = tmp_path / "old.backup"

    async def make() -> None:
        engine = create_engine(f"sqlite:///{old}")
        await migrations.upgrade(engine, "0002")
        await engine.dispose()

    asyncio.run(make())

    done = call("restore", old)

    assert f"its schema was upgraded to {migrations.head()}" in done.output
    assert rows(path, "SELECT version_num FROM alembic_version") == [(migrations.head(),)]
    assert rows(old, "SELECT version_num FROM alembic_version") == [("0002",)]


def test_what_a_subscriber_had_not_received_is_sent_again_however_old_the_copy_is(
    path: Path, tmp_path: Path
) -> None:
    """The reconciler's horizon counts from the newest event of the copy, not from today."""
    for subscriber in ("activity", "catalogue"):
        rows(path, SUBSCRIBED, subscriber, TYPE)
    _before, handled, lacking = (publish(path, age * DAY) for age in (99, 92, 91))
    rows(path, INBOX, handled)
    assert call("backup", tmp_path / "club.backup").exit_code == 0

    done = call("restore", tmp_path / "club.backup")

    assert "3 events are sent again when the club runs" in done.output
    wanted = [("activity", lacking), ("catalogue", handled), ("catalogue", lacking)]
    assert sorted(in_outbox(path)) == sorted(wanted)


@pytest.mark.usefixtures("path")
def test_the_embedded_broker_begins_empty(data_dir: Path, copy: Path) -> None:
    """What it has may be of the time after the copy. A broker of the settings is left alone."""
    (data_dir / "broker").mkdir()
    (data_dir / "broker" / "appendonly.aof").write_text("of the lost future")
    (data_dir / "broker.discarded").mkdir()  # of a restore that was killed

    assert call("restore", copy).exit_code == 0

    assert not (data_dir / "broker").exists()
    assert not (data_dir / "broker.discarded").exists()


def test_with_a_broker_of_its_own_the_next_step_is_told(
    data_dir: Path, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queues on it are emptied by a command, when it runs."""
    monkeypatch.setenv("READING_CLUB_BROKER_URL", "memory://")
    (data_dir / "broker").mkdir()

    done = call("restore", copy)

    assert "`reading-club reconcile --after-restore` empties the queues" in done.output
    assert (data_dir / "broker").exists()
