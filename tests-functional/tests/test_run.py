"""``reading-club run``: all processes and data of a club in one folder."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from reading_club_functional.cluster import Browser
from reading_club_functional.polling import eventually
from reading_club_functional.process import ClubProcess
from reading_club_functional.servers.ports import free_ports

DDD = {"title": "Domain-Driven Design", "author": "Eric Evans", "isbn": "0-321-12521-5"}


@pytest.fixture
def run(tmp_path: Path) -> Iterator[ClubProcess]:
    """Run a club on a free port, and wait until it prints its address."""
    (port,) = free_ports(1)
    with ClubProcess(tmp_path, "run", settings={"port": str(port)}) as process:
        process.expect("The club is open")
        yield process


def browser_on(run: ClubProcess) -> Browser:
    """Return an HTTP client for the address that the club has printed."""
    match = re.search(r"http://\S+", run.output)
    assert match is not None
    return Browser(base_url=match.group(), timeout=10)


def test_the_club_works_when_it_says_so(run: ClubProcess) -> None:
    """A book registered right after the start takes effect in the activity log."""
    with browser_on(run) as browser:
        assert browser.add_book(**DDD).status_code == 201
        (entry,) = eventually(browser.activity, within=20)

    assert entry["payload"]["isbn"] == "9780321125217"


def test_the_console_is_calm(run: ClubProcess, tmp_path: Path) -> None:
    """Four lines are shown when the club opens, one when it closes; the rest is in the logs."""
    with browser_on(run) as browser:
        assert browser.add_book(**DDD).status_code == 201
        eventually(browser.activity, within=20)

    run.send(signal.SIGINT)
    assert run.wait() == 0

    lines = run.output.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [
        "The",
        "Running:",
        "Nobody",
        "Ctrl-C",
        "The",
    ]
    assert lines[-1] == "The club is closed."
    (logs,) = tmp_path.rglob("logs")
    assert {path.name for path in logs.iterdir()} == {
        "relay.log",
        "web.log",
        "worker-activity.log",
        "worker-catalogue.log",
        "worker-imports.log",
        "worker-notices.log",
    }
    assert "startup complete" in (logs / "web.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_club(run: ClubProcess, number: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and SIGKILL end web, worker and broker."""
    family = run.family()
    names = " ".join(" ".join(process.cmdline()) for process in family)
    assert all(name in names for name in ("valkey-server", "web", "worker", "relay"))

    run.send(number)
    code = run.wait()

    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_a_club_in_the_background_can_be_stopped(tmp_path: Path) -> None:
    """SIGINT stops a club that was started with SIGINT ignored, as by a shell with ``&``."""
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        run = ClubProcess(tmp_path, "run", settings={"port": "0"})
    finally:
        signal.signal(signal.SIGINT, ignored)

    with run:
        run.expect("The club is open")
        run.send(signal.SIGINT)
        assert run.wait() == 0


def test_a_process_that_dies_is_started_again(run: ClubProcess) -> None:
    """A killed worker is restarted, and handles the next event."""
    for process in run.family():
        if "--subscriber" in process.cmdline() and "watchdog" not in " ".join(process.cmdline()):
            process.kill()

    with browser_on(run) as browser:
        assert browser.add_book(**DDD).status_code == 201
        (entry,) = eventually(browser.activity, within=20)
    assert entry["payload"]["title"] == DDD["title"]


def test_what_was_stored_is_there_after_a_restart(tmp_path: Path) -> None:
    """Books and activity log survive a restart with the same folder."""
    for expected in (201, 409):
        (port,) = free_ports(1)
        with ClubProcess(tmp_path, "run", settings={"port": str(port)}) as run:
            run.expect("The club is open")
            with browser_on(run) as browser:
                assert browser.add_book(**DDD).status_code == expected
                assert len(eventually(browser.activity, within=20)) == 1


def test_a_second_club_in_the_same_folder_is_refused(run: ClubProcess, tmp_path: Path) -> None:
    """The second process ends with code 2, and the first one continues."""
    with ClubProcess(tmp_path, "run", settings={"port": "0"}) as second:
        assert second.wait() == 2
        assert "running already" in second.output

    with browser_on(run) as browser:
        assert browser.get("/healthz").status_code == 200
