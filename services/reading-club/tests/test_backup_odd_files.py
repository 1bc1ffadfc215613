"""Backups to names that have a link, a device or a pipe."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app.cli import main
from reading_club.app.testing.database_file import publish


@pytest.fixture
def file(data_dir: Path, tmp_path: Path) -> Path:
    """The name of the backup, of a club with one event."""
    publish(data_dir / "club.sqlite3")
    return tmp_path / "club.backup"


def call(*arguments: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, [str(each) for each in arguments])


def test_a_link_in_the_way_is_not_followed(file: Path) -> None:
    """In a folder that others write to, it might lead to a file of the operator's own."""
    victim = file.with_name("victim")
    victim.write_text("kept")
    file.with_name("club.backup.partial").symlink_to(victim)

    refused = call("backup", file)

    assert refused.exit_code == 2
    assert f"{file} cannot be written: " in refused.output
    assert victim.read_text() == "kept"
    assert not file.exists()


def test_what_is_no_file_is_not_replaced(file: Path) -> None:
    """A device or a pipe stays, also with ``--force``."""
    os.mkfifo(file)

    refused = call("backup", file, "--force")

    assert (refused.exit_code, file.is_fifo()) == (2, True)
    assert f"{file} is no file that a copy may replace" in refused.output
