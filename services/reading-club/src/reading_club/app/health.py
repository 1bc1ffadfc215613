"""Health checks of database, broker, outbox and processes, each with a timeout."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel

from reading_club.app.heartbeat import clock_error
from reading_club.app.settings import ConfigurationError
from reading_club.eventstream.errors import StorageBusy, TransientFailure
from reading_club.eventstream.ports.heartbeats import FRESH, Heartbeat, Heartbeats
from reading_club.eventstream.ports.statistics import Backlog, Statistics
from reading_club.service.subscribers import SUBSCRIBERS

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
    seconds: float = TIMEOUT
    """Seconds for each check."""


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


async def probe_broker(connect: Connect | None, seconds: float = TIMEOUT) -> Probe:
    """Check that the broker accepts a connection."""
    if connect is None:
        return Probe(ok=False, detail="not running")
    _, failure = await result_of(asyncio.to_thread(connect), seconds, "not reachable")
    return Probe(ok=not failure, detail=failure or "reachable")


def outbox_probe(waiting: Backlog) -> Probe:
    """Return whether events leave the outbox in time; if not, relay or broker do not work."""
    age = waiting.oldest_seconds
    if age is None or age < OUTBOX_DEADLINE:
        return Probe(ok=True, detail="events are on their way")
    return Probe(ok=False, detail=f"an event waits for {age:.0f} s")


def blocked(waiting: Backlog, paused: Collection[str] = ()) -> Iterator[str]:
    """Yield a sentence for each subscriber whose queue refuses events, with the reason.

    The queue of a paused subscriber may fill: that is no failure.
    """
    for queue in waiting.blocked:
        if queue.subscriber in paused:
            continue
        events = "1 event waits" if queue.events == 1 else f"{queue.events} events wait"
        yield f"{events} for {queue.subscriber}: {queue.reason}"


def failing(beats: Sequence[Heartbeat], paused: Collection[str] = ()) -> Iterator[str]:
    """Yield a sentence for each failure of the processes.

    Relay and workers fail without a heartbeat in the last 30 s, and every running process with a
    wrong clock, or with a failure that it reports. A paused subscriber needs no worker.
    """
    expected = {"relay": "no relay"}
    working = [s.name for s in SUBSCRIBERS if s.name not in paused]
    expected |= {f"worker {name}": f"no worker of {name}" for name in working}
    for name, sentence in expected.items():
        ages = [beat.age for beat in beats if beat.process.name == name]
        if not ages:
            yield f"{sentence} is running"
        elif min(ages) >= FRESH:
            yield f"{sentence} is running; the last heartbeat is {min(ages):.0f} s old"
    for beat in beats:
        if beat.fresh and beat.clock_is_wrong:
            yield f"the clock of {beat.process} is {clock_error(beat.clock_offset)}"
        if beat.fresh and beat.trouble:
            yield f"{beat.process}: {beat.trouble}"


async def probe(dependencies: Dependencies) -> Health:
    """Run all checks concurrently."""
    seconds = dependencies.seconds

    async def check_database() -> None:
        await dependencies.check_schema()
        await dependencies.heartbeats.check_writable()

    results = await asyncio.gather(
        result_of(check_database(), seconds),
        probe_broker(dependencies.connect_broker, seconds),
        result_of(dependencies.statistics.backlog(), seconds),
        result_of(dependencies.heartbeats.list(), seconds),
        result_of(dependencies.statistics.paused(), seconds),
    )
    (_, no_database), broker, (waiting, no_backlog), (beats, no_beats), (pauses, _) = results
    paused = pauses or ()
    database = Probe(ok=not no_database, detail=no_database or "reachable")
    outbox = outbox_probe(waiting) if waiting else Probe(ok=False, detail=no_backlog)
    named = {"database": database, "broker": broker, "outbox": outbox}
    culprits = [f"{name}: {found.detail}" for name, found in named.items() if not found.ok]
    if database.ok:
        culprits += blocked(waiting, paused) if waiting else ()
        culprits += [f"the heartbeats: {no_beats}"] if beats is None else failing(beats, paused)
    return Health(
        status=("degraded" if culprits else "ok") if database.ok else "unavailable",
        culprits=culprits,
        **named,
    )
