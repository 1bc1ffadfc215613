"""Health checks of database, broker, outbox and processes, each with a timeout."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from reading_club.app.checks import TIMEOUT, finding, within
from reading_club.app.errors import ConfigurationError
from reading_club.app.heartbeat import clock_error
from reading_club.eventstream.ports.heartbeats import Heartbeat, Heartbeats
from reading_club.eventstream.ports.statistics import Backlog, Statistics
from reading_club.service.projections import SUBSCRIBERS

OUTBOX_DEADLINE = 30.0
"""Seconds that an event may be in the outbox: a lease, and a few polls of the relay."""

State = Literal["ok", "degraded", "unavailable"]
Connect = Callable[[], None]


class Probe(BaseModel):
    """The health of one dependency. ``detail`` contains no URL and no password."""

    ok: bool
    detail: str


class Health(BaseModel):
    """The health of the service. ``degraded``: requests are served, but something else fails.

    ``culprits`` names each failure in a sentence.
    """

    status: State
    database: Probe
    broker: Probe
    outbox: Probe
    culprits: list[str] = []


@dataclass(frozen=True)
class Dependencies:
    """What the checks query, each with errors of its own."""

    check_schema: Callable[[], Awaitable[None]]
    """Raises ConfigurationError, with the reason, for a schema that this release cannot use."""
    check_writable: Callable[[], Awaitable[object]]
    """Commits a change to the database."""
    connect_broker: Connect | None
    """Connects to the broker and closes the connection, blocking; None without a broker."""
    heartbeats: Heartbeats
    statistics: Statistics


async def probe_database(dependencies: Dependencies, seconds: float = TIMEOUT) -> Probe:
    """Check that the database has the schema of this release, and accepts a write."""

    async def check() -> None:
        await dependencies.check_schema()
        await dependencies.check_writable()

    try:
        await within(seconds, check())
    except ConfigurationError as wrong:
        return Probe(ok=False, detail=str(wrong))
    except Exception as exc:  # noqa: BLE001  # any error is the result of the check
        return Probe(ok=False, detail=finding(exc))
    return Probe(ok=True, detail="reachable")


async def probe_broker(connect: Connect | None, seconds: float = TIMEOUT) -> Probe:
    """Check that the broker accepts a connection."""
    if connect is None:
        return Probe(ok=False, detail="not running")
    try:
        await within(seconds, asyncio.to_thread(connect))
    except Exception as exc:  # noqa: BLE001  # any error is the result of the check
        return Probe(ok=False, detail=f"not reachable ({type(exc).__name__})")
    return Probe(ok=True, detail="reachable")


def outbox_finding(waiting: Backlog) -> Probe:
    """Return whether events leave the outbox in time; if not, relay or broker do not work."""
    age = waiting.oldest_seconds
    if age is None or age < OUTBOX_DEADLINE:
        return Probe(ok=True, detail="events are on their way")
    return Probe(ok=False, detail=f"an event waits for {age:.0f} s")


async def probe_outbox(statistics: Statistics, seconds: float = TIMEOUT) -> tuple[Probe, list[str]]:
    """Check the first rows of the outbox; return the result, and a sentence per refusing queue."""
    try:
        waiting = await within(seconds, statistics.backlog())
    except Exception as exc:  # noqa: BLE001  # any error is the result of the check
        return Probe(ok=False, detail=finding(exc)), []
    return outbox_finding(waiting), list(blocked(waiting))


async def probe_processes(heartbeats: Heartbeats, seconds: float = TIMEOUT) -> list[str]:
    """Check the heartbeats; return a sentence for each missing or failing process."""
    try:
        beats = await within(seconds, heartbeats.list())
    except Exception as exc:  # noqa: BLE001  # any error is the result of the check
        return [f"the heartbeats: {finding(exc)}"]
    return [*absent(beats), *troubled(beats)]


def blocked(waiting: Backlog) -> Iterator[str]:
    """Yield a sentence for each subscriber whose queue refuses events, with the reason."""
    for queue in waiting.blocked:
        events = "1 event waits" if queue.events == 1 else f"{queue.events} events wait"
        yield f"{events} for {queue.subscriber}: {queue.reason}"


def absent(beats: Sequence[Heartbeat]) -> Iterator[str]:
    """Yield a sentence for the relay and for each worker without a heartbeat in the last 30 s."""
    expected: list[tuple[str, str | None]] = [("relay", None)]
    expected += [("worker", subscriber.name) for subscriber in SUBSCRIBERS]
    for role, subscriber in expected:
        same = [b for b in beats if (b.process.role, b.process.subscriber) == (role, subscriber)]
        if any(beat.fresh for beat in same):
            continue
        name = "no relay" if subscriber is None else f"no worker of {subscriber}"
        last = min((beat.age for beat in same), default=None)
        seen = "" if last is None else f"; the last heartbeat is {last:.0f} s old"
        yield f"{name} is running{seen}"


def troubled(beats: Sequence[Heartbeat]) -> Iterator[str]:
    """Yield a sentence for each running process with a wrong clock, or with a reported failure."""
    for beat in beats:
        if beat.fresh and beat.clock_is_wrong:
            yield f"the clock of {beat.process} is {clock_error(beat.clock_offset)}"
        if beat.fresh and beat.trouble:
            yield f"{beat.process}: {beat.trouble}"


async def probe(dependencies: Dependencies, seconds: float = TIMEOUT) -> Health:
    """Run all checks concurrently; each has ``seconds``."""
    database, broker, (outbox, refused), processes = await asyncio.gather(
        probe_database(dependencies, seconds),
        probe_broker(dependencies.connect_broker, seconds),
        probe_outbox(dependencies.statistics, seconds),
        probe_processes(dependencies.heartbeats, seconds),
    )
    named = {"database": database, "broker": broker, "outbox": outbox}
    culprits = [f"{name}: {found.detail}" for name, found in named.items() if not found.ok]
    if database.ok:
        culprits += [*refused, *processes]
    return Health(
        status=("degraded" if culprits else "ok") if database.ok else "unavailable",
        culprits=culprits,
        **named,
    )
