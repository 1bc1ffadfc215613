"""``reading-club worker`` for all subscribers: a supervised child process for each."""

import asyncio
from collections.abc import Mapping

from reading_club.app.composition import open_engine, require_current_schema
from reading_club.app.embedded.process import ChildProcess, report_ready
from reading_club.app.embedded.supervision import COMMAND, running, stop_on_signals, supervise
from reading_club.app.settings import Settings
from reading_club.app.waiting import raise_wrong_setting
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.projections import SUBSCRIBERS


def workers(*options: str, environment: Mapping[str, str] | None = None) -> list[ChildProcess]:
    """Return a worker for each subscriber, not started."""
    return [
        ChildProcess(
            f"worker {s.name}", [*COMMAND, "worker", *options, "--subscriber", s.name], environment
        )
        for s in SUBSCRIBERS
    ]


def work_for_all(settings: Settings, concurrency: int) -> None:
    """Run a worker for each subscriber until SIGINT, SIGTERM or SIGHUP.

    A worker that ends is restarted. Raises ConfigurationError for a wrong setting.
    """
    asyncio.run(_check(settings))
    settings.resolved_broker_url()
    stopping = stop_on_signals()
    processes = workers("--concurrency", str(concurrency))
    with running(processes, stopping):
        report_ready()
        supervise(processes, stopping)


async def _check(settings: Settings) -> None:
    """Raise ConfigurationError for a wrong setting; ignore an unavailable database."""
    async with open_engine(settings) as engine:
        try:
            await require_current_schema(engine)
        except TransientFailure as exc:
            raise_wrong_setting(exc)
