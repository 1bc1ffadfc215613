"""The relay process: relays the outbox, reconciles missing events and deletes old rows."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.retention import SQLRetention
from reading_club.app.composition import (
    background_unit_of_work,
    open_engine,
    open_publisher,
    require_current_schema,
    subscribe,
)
from reading_club.app.embedded.process import report_ready
from reading_club.app.heartbeat import beating
from reading_club.app.process_identity import this_process
from reading_club.app.settings import Settings
from reading_club.app.waiting import stop_signals, when_available
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.retention import DAY
from reading_club.service.projections import SUBSCRIBERS

log = logging.getLogger(__name__)

LEASE = 15.0
"""Seconds, above the time to publish two batches or to time out: then another relay may claim the
events of a relay that died."""
RECONCILE_EVERY = 60.0
PRUNE_EVERY = 3600.0
"""Seconds between two runs."""


@dataclass
class Trouble:
    """The latest failure of the reconciler, reported by the heartbeat; None if it succeeded."""

    text: str | None = None


def relay(settings: Settings) -> None:
    """Relay events until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError if this release does not work with the schema.
    """
    asyncio.run(_serve(settings))


@asynccontextmanager
async def open_relay(settings: Settings) -> AsyncIterator[tuple[Reconciler, SQLRetention, Relay]]:
    """Yield reconciler, retention and relay on one engine; close the publisher on exit."""
    async with open_engine(settings) as engine:
        await require_current_schema(engine)
        app = open_publisher(settings)
        publisher = BatchPublisher(app)
        await subscribe(engine, SUBSCRIBERS)
        reconciler = Reconciler(
            SUBSCRIBERS,
            SubscriberQueues(app),
            lambda: background_unit_of_work(engine),
            after=settings.reconcile_after,
            horizon=settings.reconcile_days * DAY,
        )
        relay = Relay(SQLOutbox(engine, orm.stream), publisher, lease=LEASE)
        try:
            yield reconciler, SQLRetention(engine, orm.stream, settings.retention), relay
        finally:
            publisher.close()
            app.close()


async def _serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(stop_signals())
        opened = await when_available(
            lambda: stack.enter_async_context(open_relay(settings)), stopping
        )
        if opened is None:
            return
        reconciler, retention, relay = opened
        trouble = Trouble()
        await stack.enter_async_context(
            beating(settings, this_process("relay"), lambda: trouble.text)
        )
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tasks.create_task(relay.run(stopping))
        tasks.create_task(_reconcile(reconciler, stopping, trouble))
        tasks.create_task(_prune(retention, stopping))
        log.info("the relay is ready")
        report_ready()


async def reconcile_now(settings: Settings) -> tuple[int, bool]:
    """Requeue missing events and relay the outbox once.

    Returns the number of missing events, and whether the outbox was relayed completely. Raises
    EventstreamUnavailable if the broker is unavailable from the start.
    """
    async with open_relay(settings) as (reconciler, _, relay):
        found = await reconciler.run_once()
        return found, await relay.drain()


async def _reconcile(reconciler: Reconciler, stopping: asyncio.Event, trouble: Trouble) -> None:
    while not stopping.is_set():
        try:
            if found := await reconciler.run_once():
                log.warning("%s events did not arrive, and are sent again", found)
            trouble.text = None
        except TransientFailure as exc:
            trouble.text = f"not reconciled: {exc}"
            log.warning("not reconciled: %s", exc)
        await _wait(stopping, min(RECONCILE_EVERY, reconciler.after))


async def _prune(retention: SQLRetention, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            if pruned := {name: n for name, n in (await retention.prune()).items() if n}:
                log.info("forgot what is too old: %s", pruned)
        except TransientFailure as exc:
            log.warning("not pruned: %s", exc)
        await _wait(stopping, PRUNE_EVERY)


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
