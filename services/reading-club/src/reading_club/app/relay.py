"""The relay process: it sends what waits in the outbox, and looks after what went missing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from reading_club.adapters.eventstream import BatchPublisher, SubscriberQueues
from reading_club.adapters.uow_sqla import SQLOutbox, SQLRetention
from reading_club.app.composition import (
    open_engine,
    open_publisher,
    operating_unit_of_work,
    require_current_schema,
    subscribe,
)
from reading_club.app.embedded.process import report_ready
from reading_club.app.heartbeat import beating
from reading_club.app.process_identity import this_process
from reading_club.app.settings import Settings
from reading_club.app.waiting import stop_signals, when_available
from reading_club.domain.errors import TransientFailure
from reading_club.service.outbox import Relay
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.reconciler import DAY, Reconciler

log = logging.getLogger(__name__)

LEASE = 15.0
"""Seconds, above those in which two windows are published or given up: what a relay that dies has
claimed is sent by another one then."""
RECONCILE_EVERY = 60.0
PRUNE_EVERY = 3600.0
"""Seconds."""


@dataclass
class Trouble:
    """What the relay has last found wrong, for its heartbeat."""

    text: str | None = None


def relay(settings: Settings) -> None:
    """Send events until SIGINT or SIGTERM; a database that is away is waited for.

    Raises ConfigurationError if the schema is behind.
    """
    asyncio.run(_serve(settings))


@asynccontextmanager
async def open_relay(settings: Settings) -> AsyncIterator[tuple[Reconciler, SQLRetention, Relay]]:
    """Lend what looks after the events of a club, all of it on one engine."""
    async with open_engine(settings) as engine:
        await require_current_schema(engine)
        app = open_publisher(settings)
        publisher = BatchPublisher(app)
        await subscribe(engine, SUBSCRIBERS)
        reconciler = Reconciler(
            SUBSCRIBERS,
            SubscriberQueues(app),
            lambda: operating_unit_of_work(engine),
            after=settings.reconcile_after,
            horizon=settings.reconcile_days * DAY,
        )
        relay = Relay(SQLOutbox(engine), publisher, lease=LEASE)
        try:
            yield reconciler, SQLRetention(engine, settings.retention), relay
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
    """Send what is missing; return how much that was, and whether the broker took it.

    Raises EventstreamUnavailable if the broker is away from the start.
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
