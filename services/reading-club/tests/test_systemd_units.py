"""The units for systemd start what exists, and the page shows the file of one."""

import re
import shlex
from configparser import RawConfigParser
from pathlib import Path

import pytest

from reading_club.app.bootstrap.web import DRAIN
from reading_club.app.processes.web import SHUTDOWN
from reading_club.app.settings import Settings
from reading_club.app.supervision.supervisor import STOP_DEADLINE
from reading_club.app.testing import deployment
from reading_club.service.subscribers import SUBSCRIBERS

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / deployment.FOLDER / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
PAGE = ROOT / "docs" / "how-to" / "run-as-a-service.md"
MIGRATION = "reading-club-migrate.service"
HARDENED = "\nDynamicUser="

every_unit = pytest.mark.parametrize("name", UNITS)
every_process = pytest.mark.parametrize("name", [name for name in UNITS if name != MIGRATION])


def lines(name: str) -> list[tuple[str, str]]:
    """Return the directives of a unit, some of which are there several times."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return [(found[1], found[2]) for found in re.finditer(r"^(\w+)=(.*)$", text, re.M)]


def values(name: str, directive: str) -> list[str]:
    """Return the values of a directive, for the subscriber ``activity``."""
    return [
        text.replace("%i", SUBSCRIBERS[0].name) for key, text in lines(name) if key == directive
    ]


def value(name: str, directive: str) -> str:
    """Return the one value of a directive."""
    (found,) = values(name, directive)
    return found


def test_there_is_a_unit_for_each_process() -> None:
    """Those of workers are made by a template, from the name of the subscriber."""
    assert UNITS == [
        MIGRATION,
        "reading-club-relay.service",
        "reading-club-web.service",
        "reading-club-worker@.service",
    ]


@every_unit
def test_a_unit_runs_a_command_with_settings_of_this_release(name: str) -> None:
    """Addresses are credentials, each loaded from a file of its own."""
    program, *arguments = shlex.split(value(name, "ExecStart"))
    variables = dict(line.split("=", 1) for line in values(name, "Environment"))
    credentials = [line.partition(":")[0] for line in values(name, "LoadCredential")]
    named = [path.removeprefix("%d/") for path in variables.values() if path.startswith("%d/")]

    assert Path(program).name == "reading-club"
    deployment.require_command(arguments)
    assert deployment.unknown_settings(variables) == []
    assert credentials == named
    assert variables["READING_CLUB_DATA_DIR"] == f"%S/{value(name, 'StateDirectory')}"


@every_process
def test_a_process_tells_systemd_that_it_is_ready_and_alive(name: str) -> None:
    """It waits for a database that is away as long as that takes, and starts after migrations."""
    assert value(name, "Type") == "notify"
    assert value(name, "NotifyAccess") == "main"
    assert value(name, "TimeoutStartSec") == "infinity"
    assert 0 < float(value(name, "WatchdogSec")) < Settings.model_fields["stalled_after"].default
    assert MIGRATION in value(name, "After").split()
    assert value(name, "Restart") == "always"


@every_process
def test_a_process_has_the_time_to_stop(name: str) -> None:
    """The time to stop is longer than a process needs at most."""
    assert float(value(name, "TimeoutStopSec")) > max(STOP_DEADLINE, SHUTDOWN + DRAIN)


def test_only_the_migration_owns_the_tables() -> None:
    """Workers have a user of the broker that cannot publish."""
    files = {name: " ".join(values(name, "LoadCredential")) for name in UNITS}

    assert [name for name in UNITS if "database_url_owner" in files[name]] == [MIGRATION]
    assert [name for name in UNITS if "broker_url_worker" in files[name]] == [
        "reading-club-worker@.service"
    ]


def test_all_units_are_hardened_alike() -> None:
    """From the line of the user on, they are the same."""
    hardening = {(FOLDER / name).read_text("utf-8").partition(HARDENED)[2] for name in UNITS}

    (text,) = hardening
    unit = RawConfigParser(delimiters="=", strict=False)
    unit.read_string(f"[Service]{HARDENED}{text}")
    assert unit["Service"]["protectsystem"] == "strict"


def test_the_page_shows_the_file() -> None:
    """The unit on the page equals the file."""
    (shown,) = re.findall(r"\{literalinclude\} (\S+)", PAGE.read_text(encoding="utf-8"))

    assert (PAGE.parent / shown).resolve() == (FOLDER / "reading-club-worker@.service").resolve()
