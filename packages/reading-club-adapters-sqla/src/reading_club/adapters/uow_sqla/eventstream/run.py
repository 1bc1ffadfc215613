"""Runs a relay process on an engine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.retention import SQLRetention
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.eventstream.unit_of_work import SQLStreamUnitOfWork
from reading_club.eventstream import run
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.publisher import EventPublisher
from reading_club.eventstream.reconciler import QueueInspector, Reconciler
from reading_club.eventstream.retention import DAY, Retention
from reading_club.eventstream.run import Prune, RelayHooks, RelayParts
from reading_club.eventstream.startup import stop_on_signals, when_available
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

LEASE = 15.0
"""Seconds, above the time to publish two batches or to time out: then another relay may claim the
events of a relay that died."""


@dataclass(frozen=True)
class RelayOptions:
    """How a relay works on its tables. Times are seconds."""

    retention: Retention = field(default_factory=Retention)
    """How many days the stream's rows are kept. It is applied each hour."""
    after: float = 300.0
    """Age from which an event may be missing: see ``Reconciler``."""
    horizon: float = 7 * DAY
    """The maximum age of an event that is re-sent; inbox rows must be kept for longer."""
    lease: float = LEASE
    """Time for which a batch belongs to this relay: if the relay dies, so long does it wait."""
    prunings: Sequence[Prune] = ()
    """What else is deleted each hour, after the stream's own rows."""
    liveness: Liveness = field(default_factory=Liveness)
    """To which the relay reports its progress."""
    hooks: RelayHooks = field(default_factory=RelayHooks)
    """What stops the relay instead of signals, and what is called when it is ready."""
    metrics: StreamMetrics = NO_METRICS
    """What counts and measures the work of relay and reconciler."""


async def run_relay(
    engine: AsyncEngine,
    publisher: EventPublisher,
    subscribers: Sequence[Subscriber[Any, Any]],
    *,
    tables: StreamTables,
    queues: QueueInspector,
    make_uow: UnitOfWorkFactory | None = None,
    options: RelayOptions | None = None,
) -> None:
    """Subscribe the subscribers, and relay until SIGINT, SIGTERM or the event of the hooks.

    ``publisher`` and ``queues`` are a broker's, for example ``BatchPublisher(app)`` and
    ``SubscriberQueues(app)`` of the Celery package; ``subscribers`` are those that ``app`` was made
    with. Any number of relays may run on the same tables. The caller closes engine and publisher
    afterwards. ``make_uow`` makes units of work that publish nothing, by default ones of the
    stream alone.

    An unavailable database or broker is waited for, as are tables that do not exist yet; each
    reason is logged. Any other error of the database is raised.
    """
    options, make_uow = options or RelayOptions(), make_uow or units_of_work_on(engine, tables)
    hooks = replace(options.hooks, stopping=options.hooks.stopping or stop_on_signals())
    if await when_available(lambda: _subscribed(make_uow, subscribers), hooks.stopping):
        build = partial(build_relay, tables=tables, make_uow=make_uow, queues=queues)
        await run.run_relay(build(engine, publisher, subscribers, options=options), hooks)


def build_relay(
    engine: AsyncEngine,
    publisher: EventPublisher,
    subscribers: Sequence[Subscriber[Any, Any]],
    *,
    tables: StreamTables,
    make_uow: UnitOfWorkFactory,
    queues: QueueInspector,
    options: RelayOptions,
) -> RelayParts:
    """Return relay, reconciler and retention on these tables; nothing is connected yet."""
    reconciler = Reconciler(
        subscribers,
        queues,
        make_uow,
        after=options.after,
        horizon=options.horizon,
        metrics=options.metrics,
    )
    outbox, liveness = SQLOutbox(engine, tables), options.liveness
    relay = Relay(
        outbox, publisher, lease=options.lease, liveness=liveness, metrics=options.metrics
    )
    retention = SQLRetention(engine, tables, options.retention)
    return RelayParts(relay, reconciler, (retention.prune, *options.prunings), liveness)


def units_of_work_on(
    engine: AsyncEngine, tables: StreamTables
) -> Callable[[], SQLStreamUnitOfWork]:
    """Return a factory of units of work of the stream alone, whose events a relay sends."""
    unit_of_work = type("UnitOfWork", (SQLStreamUnitOfWork,), {"tables": tables})
    return partial(unit_of_work, RelayOnlyTransport(), engine)


async def _subscribed(
    make_uow: UnitOfWorkFactory, subscribers: Sequence[Subscriber[Any, Any]]
) -> bool:
    await run.subscribe(make_uow, subscribers)
    return True
