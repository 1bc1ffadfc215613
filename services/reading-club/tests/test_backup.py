"""The command ``reading-club backup``."""

import fcntl
import sqlite3
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.adapters.uow_sqla import migrations
from reading_club.app.cli import main
from reading_club.app.testing.database_file import publish, rows

MOST = 500
WRITE = "INSERT INTO subscriptions (subscriber, type, since) VALUES (?, ?, '2026-01-01')"


@pytest.fixture
def path(data_dir: Path) -> Path:
    """The database file of the environment, with one event."""
    path = data_dir / "club.sqlite3"
    publish(path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The name of the backup."""
    return tmp_path / "club.backup"


def call(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_a_backup_is_one_private_file_and_its_contents_are_told(path: Path, file: Path) -> None:
    """It has the rows of the database; nothing else is left beside it."""
    done = call("backup", file)

    assert done.exit_code == 0
    assert done.output.startswith(f"{file}: the club of 20")
    assert "0 books, 0 members, 0 reviews, 1 messages (the newest of 20" in done.output
    assert f"schema {migrations.head()}; {file.stat().st_size:,} bytes" in done.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert rows(file, "SELECT id FROM messages") == rows(path, "SELECT id FROM messages")
    assert sorted(each.name for each in file.parent.iterdir()) == ["club.backup", "var"]


def test_a_database_of_an_older_schema_is_copied(path: Path, file: Path) -> None:
    """A backup before ``migrate`` is possible: it says the schema."""
    rows(path, "UPDATE alembic_version SET version_num = '0008'")

    assert "schema 0008;" in call("backup", file).output


def test_an_existing_file_is_replaced_with_force_alone(path: Path, file: Path) -> None:
    """Otherwise the command ends with 2, and the file is as it was."""
    file.write_text("precious")

    refused = call("backup", file)

    assert (refused.exit_code, file.read_text()) == (2, "precious")
    assert "exists: give another name, or --force" in refused.stderr
    assert call("backup", "--force", file).exit_code == 0
    assert rows(file, "SELECT count(*) FROM messages") == [(1,)]
    assert "is the database itself" in call("backup", "--force", path).stderr


class WrittenBetweenSteps(sqlite3.Connection):
    """A connection whose backups copy one page at a time; between two, others commit a pair."""

    committed = 0

    def backup(self, target: sqlite3.Connection, **_: object) -> None:
        """Copy the database, with a transaction after each page, up to MOST of them."""
        (path,) = (file for _, name, file in self.execute("PRAGMA database_list") if name == "main")

        def commit(*_: object) -> None:
            if self.committed < MOST:
                type(self).committed += 1
                with closing(sqlite3.Connection(path, timeout=0)) as writer, writer:
                    pair = [(self.committed, "first"), (self.committed, "second")]
                    writer.executemany(WRITE, pair)

        super().backup(target, pages=1, progress=commit)


def test_a_backup_under_load_ends_and_is_of_one_moment(
    path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Transactions that are committed between its steps are not in it, and do not wait for it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    with monkeypatch.context() as patch:
        patch.setattr(WrittenBetweenSteps, "committed", 0)
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=WrittenBetweenSteps))
        done = call("backup", file)
        committed = WrittenBetweenSteps.committed

    assert done.exit_code == 0, done.stderr
    assert 10 < committed < MOST
    assert rows(file, "SELECT count(*) FROM subscriptions") == [(0,)]
    assert rows(path, "SELECT count(*) FROM subscriptions") == [(2 * committed,)]


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("DROP TABLE inbox", "no database of a club: it has no table inbox"),
        ("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'books'", "is damaged"),
    ],
)
def test_a_copy_that_is_no_good_does_not_appear(
    path: Path, file: Path, harm: str, reason: str
) -> None:
    """The earlier backup stays as it was, and the command says why with exit code 2."""
    assert call("backup", file).exit_code == 0
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(harm)

    refused = call("backup", "--force", file)

    assert refused.exit_code == 2
    assert reason in refused.stderr
    assert rows(file, "SELECT count(*) FROM inbox, books") == [(0,)]
    assert sorted(each.name for each in file.parent.iterdir()) == ["club.backup", "var"]


def test_what_a_killed_backup_left_is_not_in_the_next_one(path: Path, file: Path) -> None:
    """Its partial file, and a log beside that, are written anew."""
    partial = file.with_name("club.backup.partial")
    partial.write_bytes(b"x" * 9999)
    partial.with_name(f"{partial.name}-journal").write_bytes(b"y" * 99)

    assert call("backup", file).exit_code == 0
    assert rows(file, "SELECT id FROM messages") == rows(path, "SELECT id FROM messages")
    assert sorted(each.name for each in file.parent.iterdir()) == ["club.backup", "var"]


@pytest.mark.usefixtures("path")
def test_two_backups_do_not_write_one_file(file: Path) -> None:
    """The second one is refused, and the partial file of the first one stays."""
    partial = file.with_name("club.backup.partial")
    with partial.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        refused = call("backup", file)

    assert (refused.exit_code, partial.exists()) == (2, True)
    assert "another backup writes" in refused.stderr


def test_what_cannot_be_copied_is_one_line(data_dir: Path, tmp_path: Path) -> None:
    """No database, no folder for the file: exit code 2, and which."""
    nowhere = call("backup", tmp_path / "none" / "club.backup")
    (data_dir / "club.sqlite3").unlink()
    nothing = call("backup", tmp_path / "club.backup")

    assert (nowhere.exit_code, nothing.exit_code) == (2, 2)
    assert "club.backup cannot be written: No such file or directory" in nowhere.stderr
    assert "there is no database yet" in nothing.stderr


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_on_postgresql_the_command_to_call_is_told_without_the_password(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2: nothing was copied. The address has no secret of the setting in it."""
    url = "postgresql://ada:hunter2@db.example:5433/club?sslmode=require&password=hunter3"
    monkeypatch.setenv("READING_CLUB_DATABASE_URL", url)

    told = call(command, tmp_path / "of today")

    assert told.exit_code == 2
    assert "hunter" not in told.stderr
    address = "postgresql://ada@db.example:5433/club?sslmode=require"
    program = {"backup": "pg_dump --format=custom", "restore": "pg_restore"}[command]
    assert program in told.stderr
    assert address in told.stderr
    assert f"{tmp_path}/of today'" in told.stderr
