"""Health checks of database, broker, outbox and processes, each with a timeout."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from reading_club.app.heartbeat import clock_error
from reading_club.app.settings import ConfigurationError
from reading_club.eventstream.errors import StorageBusy, TransientFailure
from reading_club.eventstream.ports.heartbeats import Heartbeat, Heartbeats
from reading_club.eventstream.ports.statistics import Backlog, Statistics
from reading_club.service.projections import SUBSCRIBERS

T = TypeVar("T")

TIMEOUT: Final = 2.0
"""Seconds for each check, unless the caller says otherwise."""
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
    connect_broker: Connect | None
    """Connects to the broker and closes the connection, blocking; None without a broker."""
    heartbeats: Heartbeats
    statistics: Statistics


async def result_of(
    work: Coroutine[Any, Any, T], seconds: float, unknown: str = "not readable"
) -> tuple[T | None, str]:
    """Return the result of a check, and the reason of its failure as text, without a URL.

    ``unknown`` is the reason with any error that has no text for people.

    After ``seconds`` the check is cancelled, and its end is not awaited: a call that blocks in a
    thread may go on.
    """
    task = asyncio.create_task(work)
    # Retrieve the error of an abandoned task, so that asyncio does not log it.
    task.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        return (task.result(), "") if done else (None, f"no answer within {seconds:g} s")
    except Exception as exc:  # noqa: BLE001  # any error is the result of the check
        return None, _reason(exc) or f"{unknown} ({type(exc).__name__})"
    finally:
        task.cancel()


def _reason(exc: Exception) -> str:
    if isinstance(exc, StorageBusy) and "lock" in str(exc):
        return f"locked: {exc}"
    known = isinstance(exc, ConfigurationError | TransientFailure | TimeoutError)
    return str(exc) if known else ""


async def probe_database(dependencies: Dependencies, seconds: float = TIMEOUT) -> Probe:
    """Check that the database has the schema of this release, and accepts a write."""

    async def check() -> None:
        await dependencies.check_schema()
        await dependencies.heartbeats.check_writable()

    _, failure = await result_of(check(), seconds)
    return Probe(ok=not failure, detail=failure or "reachable")


async def probe_broker(connect: Connect | None, seconds: float = TIMEOUT) -> Probe:
    """Check that the broker accepts a connection."""
    if connect is None:
        return Probe(ok=False, detail="not running")
    _, failure = await result_of(asyncio.to_thread(connect), seconds, "not reachable")
    return Probe(ok=not failure, detail=failure or "reachable")


async def probe_outbox(statistics: Statistics, seconds: float = TIMEOUT) -> tuple[Probe, list[str]]:
    """Check the first rows of the outbox; return the result, and a sentence per refusing queue.

    If events do not leave the outbox in time, relay or broker do not work.
    """
    waiting, failure = await result_of(statistics.backlog(), seconds)
    if waiting is None:
        return Probe(ok=False, detail=failure), []
    age = waiting.oldest_seconds
    if age is None or age < OUTBOX_DEADLINE:
        outbox = Probe(ok=True, detail="events are on their way")
    else:
        outbox = Probe(ok=False, detail=f"an event waits for {age:.0f} s")
    return outbox, list(blocked(waiting))


async def probe_processes(heartbeats: Heartbeats, seconds: float = TIMEOUT) -> list[str]:
    """Check the heartbeats; return a sentence for each missing or failing process."""
    beats, failure = await result_of(heartbeats.list(), seconds)
    if beats is None:
        return [f"the heartbeats: {failure}"]
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
