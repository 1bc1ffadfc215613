"""The modes of the data folder and the database files."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from reading_club.app import private_files
from reading_club.app.bootstrap.database import open_engine
from reading_club.app.private_files import last_line, make_private_folder, open_log
from reading_club.app.settings import Settings


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


async def write(settings: Settings) -> dict[str, int]:
    """Write to the database, and return the modes of its files while it is open."""
    async with open_engine(settings) as engine, engine.begin() as connection:
        await connection.execute(text("CREATE TABLE IF NOT EXISTS one (two)"))
        await connection.execute(text("INSERT INTO one VALUES (3)"))
        return {path.name: mode(path) for path in settings.data_dir.iterdir()}


PRIVATE = {"club.sqlite3": 0o600, "club.sqlite3-wal": 0o600, "club.sqlite3-shm": 0o600}


def test_new_files_are_private(tmp_path: Path) -> None:
    """Folder 0700, and 0600 for the database and SQLite's files beside it."""
    settings = Settings(data_dir=tmp_path / "var")

    assert asyncio.run(write(settings)) == PRIVATE
    assert mode(settings.data_dir) == 0o700


def test_files_of_a_release_before_become_private(tmp_path: Path) -> None:
    """Existing files and folder with wider modes are restricted."""
    folder = tmp_path / "var"
    folder.mkdir()
    folder.chmod(0o755)
    for name in PRIVATE:
        (folder / name).touch()
        (folder / name).chmod(0o664)

    assert asyncio.run(write(Settings(data_dir=folder))) == PRIVATE
    assert mode(folder) == 0o700


def test_a_database_elsewhere_is_private_and_its_folder_is_left_alone(tmp_path: Path) -> None:
    """The file of a database URL becomes 0600; its folder keeps its mode."""
    tmp_path.chmod(0o755)
    url = f"sqlite:///{tmp_path / 'club.sqlite3'}"
    settings = Settings.model_validate({"database_url": url, "data_dir": tmp_path / "var"})

    asyncio.run(open_and_close(settings))

    assert mode(tmp_path / "club.sqlite3") == 0o600
    assert mode(tmp_path) == 0o755
    assert not (tmp_path / "var").exists()


async def open_and_close(settings: Settings) -> None:
    """Connect to the database."""
    async with open_engine(settings) as engine, engine.connect():
        pass


def test_a_folder_that_all_share_stays_shared(tmp_path: Path) -> None:
    """A sticky folder such as ``/tmp`` keeps its mode."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "club.sqlite3").touch()
    shared.chmod(0o1777)

    make_private_folder(shared)

    assert mode(shared) == 0o1777


def test_a_folder_that_holds_no_club_is_left_alone(tmp_path: Path) -> None:
    """An existing folder without a database or lock file keeps its mode."""
    (tmp_path / "notes.txt").touch()
    tmp_path.chmod(0o755)

    make_private_folder(tmp_path)

    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("name", ["", " "])
def test_a_data_folder_without_a_name_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty name, which would mean the working directory, is refused."""
    monkeypatch.setenv("READING_CLUB_DATA_DIR", name)

    with pytest.raises(ValueError, match="must name a folder"):
        Settings()


def test_a_log_that_has_grown_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a new file begins, and the last one is kept."""
    monkeypatch.setattr(private_files, "LARGEST_LOG", 3)
    path = tmp_path / "web.log"
    for written in (b"one", b"two", b"three"):
        with open_log(path) as log:
            log.write(written)

    assert path.read_bytes() == b"three"
    assert path.with_name("web.log.1").read_bytes() == b"onetwo"
    assert mode(path) == 0o600


def test_a_log_that_is_not_there_has_no_last_line(tmp_path: Path) -> None:
    """A missing and an empty file have an empty last line."""
    (tmp_path / "empty.log").touch()

    assert last_line(tmp_path / "none.log") == last_line(tmp_path / "empty.log") == ""
