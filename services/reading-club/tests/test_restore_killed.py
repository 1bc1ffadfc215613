"""A restore that is killed leaves the database from before, or the restored one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reading_club.app.cli import main
from reading_club.app.testing.database_file import rows

EVENTS = "SELECT id FROM messages"
RESTORE = "reading_club.app.backup.restore"
PROGRAM = f"""
import os, signal, sys, {RESTORE}
from reading_club.app.cli import main

{RESTORE}.rename_durably = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main(["restore", sys.argv[1]])
"""


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def path(data_dir: Path) -> Path:
    """The database file of the environment, with a broker's data beside it."""
    (data_dir / "broker").mkdir()
    return data_dir / "club.sqlite3"


def call(*arguments: object) -> int:
    """Run the command in this process, and return its exit code."""
    return CliRunner().invoke(main, [str(each) for each in arguments]).exit_code


def assert_restored_by_the_next(path: Path, copy: Path) -> None:
    """Assert that another restore succeeds, and leaves nothing of the one that was killed."""
    assert call("restore", copy) == 0
    assert rows(path, EVENTS) == rows(copy, EVENTS)
    assert not path.with_name("broker").exists()
    assert not path.with_name("club.sqlite3.restoring").exists()


@pytest.mark.parametrize(
    ("step", "is_restored"),
    [
        ("os.link", False),
        (f"{RESTORE}.discard_messages", False),
        (f"{RESTORE}.remove_logs", False),
        ("pathlib.Path.replace", False),
        ("reading_club.app.backup.durable_files.flush_to_disk", True),
    ],
)
def test_no_half_of_a_database_is_left(
    path: Path, copy: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, is_restored: bool
) -> None:
    """Before the rename it is the database from before, and after it the restored one."""

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(step, kill)
        call("restore", copy)

    assert len(rows(path, EVENTS)) == (1 if is_restored else 2)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert not (is_restored and path.with_name("broker").exists())
    assert_restored_by_the_next(path, copy)


def test_a_process_that_is_killed_leaves_the_database_and_no_lock(path: Path, copy: Path) -> None:
    """After SIGKILL at the last step, the database is the one from before."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(copy)], check=False, timeout=180, env=os.environ
    )

    assert done.returncode == -signal.SIGKILL
    assert len(rows(path, EVENTS)) == 2
    assert_restored_by_the_next(path, copy)
