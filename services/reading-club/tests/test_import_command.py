"""The command ``reading-club import``."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.app import importing
from reading_club.app.cli import main
from reading_club.app.testing.valid_imports import FILE
from reading_club.domain.messages import ImportStepDue
from reading_club.service.imports.import_rows import Sums
from reading_club.service.imports.subscriber import imports


def call(*arguments: object, said: str | None = None) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(main, list(map(str, arguments)), input=said)


class Worker:
    """Does one thing each time the command waits."""

    def __init__(self, database: Path) -> None:
        self.engine = create_engine(f"sqlite:///{database}")
        self.step = 0

    async def handle(self) -> None:
        """Handle the next step of the only import."""
        self.step += 1
        async with SQLUnitOfWork(RecordingOutboxTransport(), self.engine) as transaction:
            (account,) = await transaction.uow.accounts.list()
            (found,) = await transaction.uow.imports.list(account.id)
            await imports.handle(ImportStepDue(import_id=found.id, step=self.step), transaction.uow)
            await transaction.commit()
        await self.engine.dispose()

    async def stop(self) -> None:
        """Stop the only import."""
        async with SQLUnitOfWork(RecordingOutboxTransport(), self.engine) as transaction:
            (account,) = await transaction.uow.accounts.list()
            (found,) = await transaction.uow.imports.list(account.id)
            await transaction.uow.imports.stop(account.id, found.id)
            await transaction.commit()
        await self.engine.dispose()


@pytest.fixture
def worker(running: Path) -> Worker:
    """A worker on the database of the environment, where Olga is the only member."""
    call("members", "add", "Olga", "--organiser", said="correct horse\n")
    return Worker(running)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a row that is rejected."""
    file = tmp_path / "library.csv"
    file.write_bytes(FILE)
    return file


def test_a_file_is_imported_and_each_rejected_row_told(
    worker: Worker, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sums are on standard output, and lines, columns and reasons beside it."""
    monkeypatch.setattr(importing, "pause", worker.handle)

    done = call("import", file, "--member", "olga")

    assert done.exit_code == 0
    assert f"{file}: 2 rows: 1 added, 0 known, 1 rejected, 0 skipped" in done.stdout
    assert "line 3: ISBN13 is no ISBN" in done.stderr
    assert worker.step == 1


def test_an_import_that_nobody_handles_is_told_once(
    worker: Worker, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what it needs; the command waits for it."""
    looks: list[Callable[[], object]] = []
    monkeypatch.setattr(importing, "TOLD_AFTER", -1e6)

    async def pause() -> None:
        looks.append(pause)
        if len(looks) == 3:
            await worker.handle()

    monkeypatch.setattr(importing, "pause", pause)
    done = call("import", file, "--member", "Olga")

    assert done.stderr.count("a worker of imports") == 1
    assert done.exit_code == 0


def test_a_stopped_import_ends_the_command(
    worker: Worker, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The member stopped it on the page."""
    monkeypatch.setattr(importing, "pause", worker.stop)

    done = call("import", file, "--member", "Olga")

    assert (done.exit_code, "the import was stopped" in done.stderr) == (2, True)


@pytest.mark.usefixtures("worker")
def test_a_wrong_file_or_member_is_told(file: Path) -> None:
    """Nothing is stored, so that a right one can follow."""
    unknown = call("import", file, "--member", "Mo")
    file.write_bytes(b"PK\x03\x04")
    packed = call("import", file, "--member", "Olga")
    absent = call("import", file.with_name("nothing.csv"), "--member", "Olga")

    assert (unknown.exit_code, "no member has the nickname 'Mo'" in unknown.stderr) == (2, True)
    assert (packed.exit_code, "this is a ZIP archive" in packed.stderr) == (2, True)
    assert absent.exit_code == 2


def test_sums_count_what_is_handled() -> None:
    """What waits is not handled, and all of it are rows."""
    sums = Sums(waiting=1, added=2, known=3, rejected=4, skipped=5)

    assert (sums.handled, sums.rows) == (14, 15)
