"""A wrong setting is told from a database that is away."""

import asyncio
import threading
from pathlib import Path

import pytest

from reading_club.adapters.uow_sqla import configuration_fault, create_engine, migrations
from reading_club.service.errors import StorageUnavailable


async def failure_of(url: str) -> Exception:
    """Return what the first look at the database raises."""
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
    """No server is asked; what the option says is not repeated."""
    fault = configuration_fault(await failure_of(f"postgresql://u:p@127.0.0.1:1/x?{option}"))

    assert fault is not None
    assert "option" in fault
    assert "hunter2" not in fault


async def test_a_port_that_cannot_be_is_a_wrong_setting() -> None:
    """There are 65,535 of them."""
    fault = configuration_fault(await failure_of("postgresql://u:p@127.0.0.1:99999/x"))

    assert fault is not None


async def test_a_file_that_is_no_database_is_a_wrong_setting(tmp_path: Path) -> None:
    """The file is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("not a database\n" * 200)

    fault = configuration_fault(await failure_of(f"sqlite:///{path}"))

    assert fault == "the file is not a database"
    assert path.read_text() == "not a database\n" * 200


@pytest.mark.parametrize("name", ["no/such/folder/club.sqlite3", ""], ids=["no folder", "a folder"])
async def test_a_file_that_cannot_be_opened_is_a_wrong_setting(tmp_path: Path, name: str) -> None:
    """Its folder is not there, or it is a folder itself."""
    fault = configuration_fault(await failure_of(f"sqlite:///{tmp_path / name}"))

    assert fault is not None
    assert "folder" in fault


async def test_a_database_that_is_away_is_none(unreachable: str) -> None:
    """It may come back."""
    assert configuration_fault(await failure_of(unreachable)) is None


@pytest.mark.parametrize(
    ("state", "words"), [("3D000", "does not exist"), ("28P01", "password"), ("28000", "user")]
)
def test_what_a_server_refuses_is_a_wrong_setting(state: str, words: str) -> None:
    """A database, a user or a password that it does not know."""
    refused = type("Refused", (Exception,), {"sqlstate": state})()
    error = StorageUnavailable("not now")
    error.__cause__ = refused

    assert words in str(configuration_fault(error))


@pytest.mark.parametrize("state", ["25006", "53300", "57P03", "08006"])
def test_a_server_that_refuses_for_now_is_none(state: str) -> None:
    """Read-only, too many connections, starting up, a lost connection."""
    refused = type("Refused", (Exception,), {"sqlstate": state})()

    assert configuration_fault(refused) is None
