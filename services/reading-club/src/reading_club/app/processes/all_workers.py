"""``reading-club worker`` for all subscribers: a supervised child process for each."""

import asyncio
from pathlib import Path

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import check_schema, raise_wrong_setting
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import ChildProcess, report_ready
from reading_club.app.supervision.supervisor import COMMAND, started, stop_on_signals, supervise
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.projections import SUBSCRIBERS


def workers(*options: str, logs: Path | None = None) -> list[ChildProcess]:
    """Return a worker for each subscriber, not started, which logs to a file in ``logs``."""
    command = [*COMMAND, "worker", *options, "--subscriber"]
    return [
        ChildProcess(f"worker {s.name}", [*command, s.name], logs and logs / f"worker-{s.name}.log")
        for s in SUBSCRIBERS
    ]


def work_for_all(settings: Settings, concurrency: int) -> None:
    """Run a worker for each subscriber until SIGINT, SIGTERM or SIGHUP.

    A worker that ends is restarted. Raises ConfigurationError for a wrong setting.
    """
    try:
        asyncio.run(check_schema(settings))
    except TransientFailure as exc:  # an unavailable database is waited for
        raise_wrong_setting(exc)
    broker_url(settings)
    stopping = stop_on_signals()
    processes = workers("--concurrency", str(concurrency))
    with started(processes, stopping):
        report_ready()
        supervise(processes, stopping)
