"""Tests that wrong settings are told from outages of the database."""

import asyncio
import threading
from pathlib import Path

import pytest

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import configuration_fault, create_engine
from reading_club.eventstream.errors import StorageUnavailable


async def failure_of(url: str) -> Exception:
    """Return the error of the first query on this URL."""
    engine = create_engine(url)
    with pytest.raises(StorageUnavailable) as raised:
        await migrations.current(engine)
    await engine.dispose()
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:  # aiosqlite's, which reports to this loop
            await asyncio.to_thread(thread.join, 5.0)
    return raised.value


@pytest.mark.parametrize("option", ["foo=hunter2", "sslmode=hunter2"])
async def test_an_unknown_option_is_a_wrong_setting(option: str) -> None:
    """The fault mentions an option, without its value; no server is asked."""
    fault = configuration_fault(await failure_of(f"postgresql://u:p@127.0.0.1:1/x?{option}"))

    assert fault is not None
    assert "option" in fault
    assert "hunter2" not in fault


async def test_a_port_that_cannot_be_is_a_wrong_setting() -> None:
    """A port above 65,535 is a wrong setting."""
    fault = configuration_fault(await failure_of("postgresql://u:p@127.0.0.1:99999/x"))

    assert fault is not None


async def test_a_file_that_is_no_database_is_a_wrong_setting(tmp_path: Path) -> None:
    """A file of another format is a wrong setting, and is left unchanged."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 200)

    fault = configuration_fault(await failure_of(f"sqlite:///{path}"))

    assert fault == "the file is not a database"
    assert path.read_text() == "not a database\n" * 200


@pytest.mark.parametrize("name", ["no/such/folder/club.sqlite3", ""], ids=["no folder", "a folder"])
async def test_a_file_that_cannot_be_opened_is_a_wrong_setting(tmp_path: Path, name: str) -> None:
    """A path in a missing folder, or to a folder, is a wrong setting."""
    fault = configuration_fault(await failure_of(f"sqlite:///{tmp_path / name}"))

    assert fault is not None
    assert "folder" in fault


async def test_a_database_that_is_away_is_none(unreachable: str) -> None:
    """A refused connection is an outage, not a wrong setting."""
    assert configuration_fault(await failure_of(unreachable)) is None


@pytest.mark.parametrize(
    ("state", "words"), [("3D000", "does not exist"), ("28P01", "password"), ("28000", "user")]
)
def test_what_a_server_refuses_is_a_wrong_setting(state: str, words: str) -> None:
    """An unknown database, user or password is a wrong setting."""
    refused = type("Refused", (Exception,), {"sqlstate": state})()
    error = StorageUnavailable("not now")
    error.__cause__ = refused

    assert words in str(configuration_fault(error))


@pytest.mark.parametrize("state", ["25006", "53300", "57P03", "08006"])
def test_a_server_that_refuses_for_now_is_none(state: str) -> None:
    """Read-only, too many connections, starting up and a lost connection are outages."""
    refused = type("Refused", (Exception,), {"sqlstate": state})()

    assert configuration_fault(refused) is None
