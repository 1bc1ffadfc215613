"""What a process tells of itself, and what the health check makes of it."""

import logging
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reading_club.app.alive_files import FORGOTTEN, FRESH, AliveFile
from reading_club.app.keep_alive import Reporter, alive_file, keeping_alive
from reading_club.app.settings import Settings
from reading_club.app.testing.healthcheck import check
from reading_club.eventstream.liveness import Liveness
from reading_club.testing.clock import ManualClock

WITHIN = 60.0
OTHER = """
import sys, time
from pathlib import Path
from reading_club.app.alive_files import AliveFile
file = AliveFile(Path(sys.argv[1]), "relay")
file.touch()
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder that is not there yet."""
    return Settings(data_dir=tmp_path / "var")


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def liveness(clock: ManualClock) -> Liveness:
    """The liveness of a process whose parts have a minute."""
    return Liveness(WITHIN, clock.seconds)


@pytest.fixture
def file(settings: Settings) -> Iterator[AliveFile]:
    """The file of a worker of activity, which is this process."""
    file = alive_file(settings, "worker", "activity")
    assert file is not None
    yield file
    file.remove()


def make_old(settings: Settings, seconds: float) -> None:
    """Let each file seem to have been written some seconds ago."""
    for path in settings.alive_folder.iterdir():
        modified = path.stat().st_mtime - seconds
        os.utime(path, (modified, modified))


def test_a_process_that_makes_progress_is_healthy(
    settings: Settings, file: AliveFile, liveness: Liveness
) -> None:
    """Asked for it by name or for all workers; its file is for its owner alone."""
    Reporter(liveness, file).report()

    assert check("worker", "--subscriber", "activity") == (0, "worker activity makes progress")
    assert check("worker") == (0, "worker makes progress")
    (path,) = settings.alive_folder.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_process_that_hangs_is_not(
    file: AliveFile, liveness: Liveness, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The sentence names the part that hangs; the log does so once, and when it goes on."""
    told: list[str] = []
    reporter = Reporter(liveness, file, told.append)
    caplog.set_level(logging.INFO)
    with liveness.working("the handling of events"):
        reporter.report()
        clock.advance(WITHIN + 7)
        reporter.report()
        reporter.report()
        code, sentence = check("worker")
    reporter.report()

    assert code == 1
    assert "the handling of events makes no progress, 7 s beyond its time" in sentence
    assert [r.message for r in caplog.records] == ["the process hangs", "the process goes on"]
    assert [state.partition("=")[0] for state in told] == [
        "WATCHDOG",
        "STATUS",
        "WATCHDOG",
        "STATUS",
    ]
    assert check("worker")[0] == 0


def test_a_process_that_is_stopped_by_a_debugger_is_not(
    settings: Settings, file: AliveFile
) -> None:
    """A file that no process has touched for 30 seconds tells so, though it says nothing else."""
    file.touch()
    make_old(settings, FRESH + 1)

    code, sentence = check("worker")

    assert code == 1
    assert "has told nothing for 31 s" in sentence


def test_one_worker_of_many_that_hangs_is_named(settings: Settings, file: AliveFile) -> None:
    """Asked for all, the check finds the one; asked for the other one, it does not."""
    other = AliveFile(settings.alive_folder, "worker", "catalogue")
    file.tell_stalled("a part hangs")
    other.touch()

    assert check("worker")[0] == 1
    assert check("worker", "--subscriber", "catalogue")[0] == 0
    other.remove()


def test_without_a_process_nothing_is_healthy(settings: Settings) -> None:
    """Neither in an empty folder, nor without one, nor after the process has ended."""
    code, sentence = check("relay")
    assert (code, sentence) == (1, f"no relay is running with its data in {settings.data_dir}")
    with keeping_alive(Liveness(), alive_file(settings, "relay")):
        assert check("relay")[0] == 0

    assert check("relay")[0] == 1
    assert list(settings.alive_folder.iterdir()) == []


def test_the_file_of_a_killed_process_tells_nothing(settings: Settings) -> None:
    """A process that took its place is not held responsible; the file is removed."""
    command = [sys.executable, "-c", OTHER, str(settings.alive_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"written\n"
        alive = check("relay")
        process.send_signal(signal.SIGKILL)

    assert alive == (0, "relay makes progress")
    make_old(settings, FRESH + 1)
    assert check("relay")[0] == 1
    assert list(settings.alive_folder.iterdir()) == []


def test_files_of_killed_containers_do_not_pile_up(settings: Settings) -> None:
    """A process that starts removes what no process of any host has written for a day."""
    settings.alive_folder.mkdir(parents=True)
    old, young = (settings.alive_folder / f"relay-{name}" for name in ("old", "young"))
    for path, age in ((old, FORGOTTEN + 60), (young, FORGOTTEN - 60)):
        path.write_text('{"role": "relay", "subscriber": "", "host": "another", "pid": 1}\n')
        written = time.time() - age
        os.utime(path, (written, written))

    AliveFile(settings.alive_folder, "web").remove()

    assert list(settings.alive_folder.iterdir()) == [young]


def test_a_folder_that_cannot_be_written_ends_no_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Health checks fail then, and the log says why."""
    (tmp_path / "taken").touch()
    settings = Settings(data_dir=tmp_path / "taken")

    with keeping_alive(Liveness(), alive_file(settings, "relay")):
        pass

    assert "health checks of this process fail" in caplog.text


def test_only_workers_have_subscribers() -> None:
    """Any other role with one is a mistake of the caller."""
    assert check("relay", "--subscriber", "activity")[0] == 2
