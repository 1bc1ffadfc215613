"""``reading-club worker`` for all subscribers: a supervised child process for each."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from reading_club.app.bootstrap.broker import broker_url
from reading_club.app.bootstrap.database import check_schema, raise_wrong_setting
from reading_club.app.keep_alive import keeping_alive
from reading_club.app.metrics.children import WORKERS, environments
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import ChildProcess, report_ready
from reading_club.app.supervision.supervisor import COMMAND, started, stop_on_signals, supervise
from reading_club.app.wiring import require_wiring
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.liveness import Liveness
from reading_club.service.subscribers import SUBSCRIBERS


def workers(
    *options: str, environments: Mapping[str, Mapping[str, str]], logs: Path | None = None
) -> list[ChildProcess]:
    """Return a worker for each subscriber, not started, which logs to a file in ``logs``.

    ``environments`` are added to that of this process, by the name of the worker.
    """
    command = [*COMMAND, "worker", *options, "--subscriber"]
    return [
        ChildProcess(
            name, [*command, s.name], logs and logs / f"worker-{s.name}.log", environments[name]
        )
        for s, name in zip(SUBSCRIBERS, WORKERS, strict=True)
    ]


def work_for_all(settings: Settings, concurrency: int) -> None:
    """Run a worker for each subscriber until SIGINT, SIGTERM or SIGHUP.

    A worker that ends is restarted. Raises ConfigurationError for a wrong setting, and WiringError.
    """
    require_wiring()
    try:
        asyncio.run(check_schema(settings))
    except TransientFailure as exc:  # an unavailable database is waited for
        raise_wrong_setting(exc)
    broker_url(settings)
    stopping = stop_on_signals()
    ports = environments(settings, WORKERS)
    processes = workers("--concurrency", str(concurrency), environments=ports)
    liveness = Liveness(settings.stalled_after)
    with started(processes, stopping), keeping_alive(liveness):
        report_ready()
        supervise(processes, stopping, liveness)
