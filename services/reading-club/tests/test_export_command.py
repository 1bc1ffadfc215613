"""The command ``reading-club export``."""

import csv
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.app import export
from reading_club.app.cli import main
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.book_files.exported_books import HEADER

pytestmark = pytest.mark.usefixtures("data_dir")


def call(*arguments: object, said: str | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(map(str, arguments)), input=said)


def test_the_shelf_is_a_private_file(running: Path, tmp_path: Path) -> None:
    """The books of the club, with mode 0600."""
    file = tmp_path / "shelf.csv"

    done = call("export", file)

    assert (done.exit_code, done.output) == (0, f"{file}: 0 books\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes() == HEADER.encode()
    assert running.exists()


def test_the_words_of_a_member_are_in_it(tmp_path: Path, client: object) -> None:
    """With --member; an unknown one is refused, and there is no file."""
    del client
    file = tmp_path / "shelf.csv"
    call("members", "add", "Olga", "--organiser", said="correct horse\n")

    unknown = call("export", file, "--member", "Mo")
    known = call("export", file, "--member", "olga")

    assert (unknown.exit_code, "no member has the nickname 'Mo'" in unknown.output) == (2, True)
    assert known.exit_code == 0


def test_an_existing_file_is_replaced_only_on_demand(tmp_path: Path) -> None:
    """--force replaces it, also one of a wider mode."""
    file = tmp_path / "shelf.csv"
    file.write_text("mine")
    file.chmod(0o644)

    refused = call("export", file)
    kept = file.read_text()
    forced = call("export", file, "--force")

    assert (refused.exit_code, kept) == (2, "mine")
    assert "--force" in refused.output
    assert forced.exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().startswith("Book Id,")


@pytest.mark.parametrize("folder", [True, False])
def test_a_file_that_cannot_be_written_is_told(tmp_path: Path, *, folder: bool) -> None:
    """A folder that is not there, and something that is no file."""
    file = Path("/dev/null") if folder else tmp_path / "nowhere" / "shelf.csv"

    failed = call("export", file, "--force")

    assert failed.exit_code == 2
    assert str(file) in failed.output


def test_a_failure_in_the_middle_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written is removed, and an older file stays."""
    file = tmp_path / "exported" / "shelf.csv"
    file.parent.mkdir()
    file.write_text("older")

    async def broken(*_: object) -> object:
        yield []
        raise TransientFailure("the database is away")

    monkeypatch.setattr(export, "shelf_pages", broken)
    failed = call("export", file, "--force")

    assert (failed.exit_code, failed.output) == (2, "reading-club: the database is away\n")
    assert [path.name for path in file.parent.iterdir()] == ["shelf.csv"]
    assert file.read_text() == "older"


def test_progress_is_told_on_standard_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each TOLD_AFTER books; the standard output has the result alone."""
    from reading_club.service.book_files.exported_books import ExportedBook
    from reading_club.testing.builders import a_book

    async def pages(*_: object) -> object:
        for _page in range(3):
            yield [ExportedBook(a_book()), ExportedBook(a_book())]

    monkeypatch.setattr(export, "shelf_pages", pages)
    monkeypatch.setattr(export, "TOLD_AFTER", 4)
    file = tmp_path / "shelf.csv"

    done = call("export", file)

    assert (done.stderr, done.stdout) == ("4 books\n", f"{file}: 6 books\n")
    with file.open(newline="") as text:
        assert len(list(csv.reader(text))) == 7
