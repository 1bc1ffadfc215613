"""Runs a relay process: it relays the outbox, reconciles missing events, and deletes old rows."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    nullcontext,
    suppress,
)
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.liveness import Liveness, ticking
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.startup import stop_on_signals
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wiring import require_event_handlers

log = logging.getLogger(__name__)

RECONCILE_EVERY: Final = 60.0
PRUNE_EVERY: Final = 3600.0
"""Seconds between two runs."""
LONGEST_RUN: Final = 1800.0
"""Seconds after which a reconciliation or a pruning, which may have much to do, hangs."""

Prune = Callable[[], Awaitable[Mapping[str, int]]]
"""Deletes expired rows; returns the number of deleted rows by table. Raises TransientFailure."""


@dataclass(frozen=True)
class RelayParts:
    """The parts of a relay process, on open connections."""

    relay: Relay
    reconciler: Reconciler
    prunings: Sequence[Prune] = ()
    """Run in this order, each hour; the first failure ends the run."""
    liveness: Liveness = field(default_factory=Liveness)
    """To which the parts report progress: also that of ``relay``, if it was made with it."""


@dataclass
class Trouble:
    """The latest failure of the reconciler; None if it succeeded."""

    text: str | None = None


@dataclass(frozen=True)
class RelayHooks:
    """What the process of a relay adds to it."""

    stopping: asyncio.Event | None = None
    """Ends the relay once it is set; without it, SIGINT and SIGTERM do."""
    on_ready: Callable[[], None] = lambda: None
    """Called once, when the relay has started."""
    heartbeat: Callable[[Callable[[], str | None]], AbstractAsyncContextManager[Any]] = field(
        default=lambda _: nullcontext()
    )
    """Returns a context that is entered while the relay runs. It gets a function that returns the
    reconciler's latest failure, or None."""


async def run_relay(parts: RelayParts, hooks: RelayHooks | None = None) -> None:
    """Relay events until the process is asked to stop; batches already claimed are finished.

    The reconciler runs once at the start, and then each minute or, if that is less, as often as an
    event may be late. An outage of broker or database is logged, and ends nothing.
    """
    hooks, trouble = hooks or RelayHooks(), Trouble()
    stopping = hooks.stopping or stop_on_signals()
    reconcile = partial(_reconcile, parts.reconciler, trouble)
    prune = partial(_prune, parts.prunings)
    heartbeat = hooks.heartbeat(lambda: trouble.text)
    async with heartbeat, ticking(parts.liveness), asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.relay.run(stopping))
        pause = min(RECONCILE_EVERY, parts.reconciler.after)
        for name, work, every in (("reconcile", reconcile, pause), ("prune", prune, PRUNE_EVERY)):
            watched = partial(parts.liveness.working, name, at_least=LONGEST_RUN)
            tasks.create_task(_repeat(work, every, stopping, watched))
        log.info("the relay is ready")
        hooks.on_ready()


async def reconcile_now(parts: RelayParts) -> tuple[int, bool]:
    """Requeue missing events and relay the outbox once.

    Returns the number of missing events, and whether the outbox was relayed completely. Raises
    EventstreamUnavailable if the broker is unavailable from the start.
    """
    found = await parts.reconciler.run_once()
    return found, await parts.relay.drain()


async def subscribe(
    make_uow: UnitOfWorkFactory, subscribers: Iterable[Subscriber[Any, Any]]
) -> None:
    """Insert the missing subscriptions: the reconciler covers events from this time on.

    Raises WiringError for a subscriber without handlers, and nothing is inserted.
    """
    subscribers = tuple(subscribers)
    for subscriber in subscribers:
        require_event_handlers(subscriber)
    async with make_uow() as transaction:
        for subscriber in subscribers:
            await transaction.uow.subscriptions.subscribe(subscriber.name, subscriber.types)
        await transaction.commit()


async def _repeat(
    work: Callable[[], Awaitable[None]],
    pause: float,
    stopping: asyncio.Event,
    watched: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    while not stopping.is_set():
        with watched():
            await work()
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), pause)


async def _reconcile(reconciler: Reconciler, trouble: Trouble) -> None:
    try:
        if found := await reconciler.run_once():
            log.warning("events did not arrive, and are sent again", extra={"events": found})
        trouble.text = None
    except TransientFailure as exc:
        trouble.text = f"not reconciled: {exc}"
        log.warning("not reconciled: %s", exc)


async def _prune(prunings: Sequence[Prune]) -> None:
    pruned: dict[str, int] = {}
    try:
        for prune in prunings:
            pruned.update({name: n for name, n in (await prune()).items() if n})
    except TransientFailure as exc:
        log.warning("not pruned: %s", exc)
    if pruned:
        fields = {f"deleted_{name}": number for name, number in pruned.items()}
        log.info("forgot what is too old", extra=fields)
