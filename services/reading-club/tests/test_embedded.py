"""Child processes, data folder, port and broker URL of ``reading-club run``."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reading_club.app.embedded.broker import free_port, quoted
from reading_club.app.embedded.run import address, choose_port, data_dir_lock
from reading_club.app.errors import ConfigurationError
from reading_club.app.private_files import write_private
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import ChildProcess

DEADLINE = 10.0
REPORTS = "from reading_club.app.supervision.readiness import report_ready; report_ready()"
SLEEPER = f"import os, signal, time; {REPORTS}; print(os.getpid(), flush=True); signal.pause()"


def gone(pid: int) -> bool:
    """Return whether the process ends within the deadline."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if ended(pid):
            return True
        time.sleep(0.005)
    return False


def ended(pid: int) -> bool:
    """Return whether the process has ended; a zombie counts as ended."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except ProcessLookupError:
        return True
    except FileNotFoundError:
        return False  # it has just ended, or this system has no /proc: poll again
    return stat.rpartition(")")[2].split()[0] == "Z"


def test_a_child_process_reports_and_stops() -> None:
    """``wait_ready`` returns True after the report, and ``stop`` ends the process."""
    process = ChildProcess("sleeper", [sys.executable, "-c", SLEEPER])
    process.start()

    assert process.wait_ready(DEADLINE)
    assert process.exit_code is None
    process.stop(DEADLINE)
    assert process.exit_code is not None


def test_a_child_process_that_ends_is_not_ready() -> None:
    """``wait_ready`` returns False for a command that fails, and its exit code is kept."""
    process = ChildProcess("failing", [sys.executable, "-c", "raise SystemExit(3)"])
    process.start()

    assert not process.wait_ready(DEADLINE)
    process.stop(DEADLINE)
    assert process.exit_code == 3


def test_nothing_outlives_an_owner_that_was_killed() -> None:
    """After SIGKILL of the owner, the watchdog ends the command."""
    owner_code = (
        "import sys, signal\n"
        "from reading_club.app.supervision.child import ChildProcess\n"
        f"process = ChildProcess('sleeper', [sys.executable, '-c', {SLEEPER!r}])\n"
        "process.start()\n"
        "signal.pause()\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", owner_code], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    with owner.stdout as output:
        pid = int(output.readline())
        owner.send_signal(signal.SIGKILL)
        owner.wait()

    assert gone(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of the death of a parent")
def test_nothing_outlives_a_watchdog_that_was_killed() -> None:
    """After SIGKILL of the watchdog, as by the OOM killer, Linux ends the command."""
    printer = ChildProcess("sleeper", [sys.executable, "-c", SLEEPER])
    printer.start()
    assert printer.wait_ready(DEADLINE)
    assert printer.pid is not None
    (child,) = children_of(printer.pid)

    os.kill(printer.pid, signal.SIGKILL)
    printer.stop(DEADLINE)

    assert gone(child)


def children_of(pid: int) -> list[int]:
    """Return the ids of the children of a process."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(child) for child in children.split()]


def test_a_start_can_be_called_off() -> None:
    """``wait_ready`` returns False at once when ``stopping`` is set."""
    process = ChildProcess("slow", [sys.executable, "-c", "import signal; signal.pause()"])
    stopping = threading.Event()
    stopping.set()
    process.start()

    assert not process.wait_ready(DEADLINE, stopping)
    process.stop(DEADLINE)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("books.example", "http://books.example:80"),
    ],
)
def test_the_announced_address_can_be_opened(host: str, url: str) -> None:
    """The URL has a host that a browser can open, also for wildcard addresses."""
    assert address(host, 80) == url


def test_a_path_is_quoted_as_valkey_reads_it() -> None:
    """Quotes and backslashes in a folder's name are escaped."""
    assert quoted(Path('/a "b"\\c')) == '"/a \\"b\\"\\\\c"'


def test_a_data_folder_serves_one_club(tmp_path: Path) -> None:
    """A second club in the same folder is refused, and the folder is free afterwards."""
    settings = Settings(data_dir=tmp_path)

    with (
        data_dir_lock(settings),
        pytest.raises(ConfigurationError, match="running already"),
        data_dir_lock(settings),
    ):
        pass
    with data_dir_lock(settings):
        pass


def test_a_port_that_was_asked_for_is_not_exchanged(tmp_path: Path) -> None:
    """A port of the settings that is in use is an error; port 0 selects a free one."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} is in use"):
            choose_port(Settings(data_dir=tmp_path, port=port))

    assert choose_port(Settings(data_dir=tmp_path, port=0)) > 0
    free = free_port()
    assert choose_port(Settings(data_dir=tmp_path, port=free)) == free


def test_secrets_are_written_for_their_owner_only(tmp_path: Path) -> None:
    """``write_private`` changes the mode of an existing file to 0600."""
    path = tmp_path / "broker.url"
    path.write_text("old")

    write_private(path, "redis://:secret@127.0.0.1:1/0")

    assert path.stat().st_mode & 0o777 == 0o600
