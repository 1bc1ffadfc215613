"""Child processes: readiness, and the watchdog that ends them with their owner."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reading_club.app.private_files import last_line
from reading_club.app.supervision.child import ChildProcess

DEADLINE = 10.0
REPORTS = "from reading_club.app.supervision.child import report_ready; report_ready()"
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


def test_a_child_process_has_its_environment_beside_that_of_the_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its own variable replaces the owner's; the others are inherited."""
    monkeypatch.setenv("OWN", "the owner's")
    monkeypatch.setenv("INHERITED", "the owner's")
    prints = f"import os; print(os.environ['OWN'], os.environ['INHERITED'], flush=True); {REPORTS}"
    log = tmp_path / "child.log"
    process = ChildProcess("child", [sys.executable, "-c", prints], log, {"OWN": "its own"})
    process.start()

    assert process.wait_ready(DEADLINE)
    process.stop(DEADLINE)
    assert last_line(log) == "its own the owner's"


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
    assert printer._process
    (child,) = children_of(printer._process.pid)

    printer._process.kill()
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


def test_the_output_of_a_child_process_goes_to_its_log(tmp_path: Path) -> None:
    """Both streams are appended to the file, which is for its owner alone."""
    log = tmp_path / "child.log"
    program = "import sys; print('said', flush=True); sys.exit('reading-club: a reason')"
    for _ in range(2):
        process = ChildProcess("talker", [sys.executable, "-c", program], log)
        process.start()
        assert not process.wait_ready(DEADLINE)
        process.stop(DEADLINE)

    assert log.read_text(encoding="utf-8").split("\n") == [
        *["said", "reading-club: a reason"] * 2,
        "",
    ]
    assert last_line(log) == "reading-club: a reason"
    assert log.stat().st_mode & 0o777 == 0o600
