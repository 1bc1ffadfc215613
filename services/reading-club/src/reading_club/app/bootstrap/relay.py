"""Opens the relay, the reconciler and the retention."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    nullcontext,
)
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.eventstream.app import route_to
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import truncate_wal
from reading_club.adapters.uow_sqla.eventstream.run import RelayOptions, build_relay
from reading_club.adapters.uow_sqla.eventstream.statistics import SQLStatistics
from reading_club.app.bootstrap.broker import open_publisher, rewrite_embedded_file
from reading_club.app.bootstrap.database import background_unit_of_work, open_current_engine
from reading_club.app.metrics.process import ProcessMetrics
from reading_club.app.metrics.state import StreamStateCollector
from reading_club.app.settings import Settings
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outside import following
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.retention import Retention
from reading_club.eventstream.run import RelayParts, subscribe
from reading_club.service.subscribers import SUBSCRIBERS


@asynccontextmanager
async def open_relay(
    settings: Settings, liveness: Liveness | None = None, metrics: ProcessMetrics | None = None
) -> AsyncIterator[RelayParts]:
    """Yield relay, reconciler and retention, which report to ``liveness``; close the publisher.

    ``metrics`` are None if they are off; the relay's have the state of the stream as well.
    Raises ConfigurationError if this release does not work with the schema of the database.
    """
    async with open_current_engine(settings) as engine:
        app = open_publisher(settings)
        stream = NO_METRICS if metrics is None else metrics.stream
        publisher = BatchPublisher(app, metrics=stream)
        make_uow = partial(background_unit_of_work, engine)
        await subscribe(make_uow, SUBSCRIBERS)
        try:
            async with following(make_uow, partial(route_to, app)), AsyncExitStack() as stack:
                stack.enter_context(_exporting_state(metrics, engine, settings.horizon))
                yield build_relay(
                    engine,
                    publisher,
                    SUBSCRIBERS,
                    tables=orm.stream,
                    make_uow=make_uow,
                    queues=SubscriberQueues(app),
                    options=_options(settings, engine, liveness or Liveness(), stream),
                )
        finally:
            publisher.close()
            app.close()


def _exporting_state(
    metrics: ProcessMetrics | None, engine: AsyncEngine, horizon: float
) -> AbstractContextManager[None]:
    """Return a block in which scrapes read the state of the stream on the running loop."""
    if metrics is None:
        return nullcontext()
    names = [*(subscriber.name for subscriber in SUBSCRIBERS), RELAY]
    statistics = SQLStatistics(engine, orm.stream, horizon=horizon)
    read = partial(statistics.state, names)
    return metrics.exporting(StreamStateCollector(read, asyncio.get_running_loop()))


def _options(
    settings: Settings, engine: AsyncEngine, liveness: Liveness, metrics: StreamMetrics
) -> RelayOptions:
    days = (settings.inbox_days, settings.messages_days, settings.dead_letters_days)
    return RelayOptions(
        Retention(*days),
        after=settings.reconcile_after,
        horizon=settings.horizon,
        liveness=liveness,
        prunings=(
            partial(_prune_members, engine),
            partial(remove_remnants, settings, engine),
            partial(migrations.index_books, engine),
        ),
        metrics=metrics,
    )


async def _prune_members(engine: AsyncEngine) -> Mapping[str, int]:
    """Delete expired sessions, links, requests, notices and addresses, and old imports."""
    async with background_unit_of_work(engine) as transaction:
        uow = transaction.uow
        pruned = {
            **await uow.accounts.prune(),
            **await uow.imports.prune(),
            "notices": await uow.notices.prune(),
            "mail_addresses": await uow.mail_addresses.prune(),
        }
        await transaction.commit()
    return pruned


async def remove_remnants(settings: Settings, engine: AsyncEngine) -> Mapping[str, int]:
    """Empty the files that hold deleted rows and events: SQLite's log, the embedded broker's.

    No row of a table is deleted. Raises TransientFailure.
    """
    await truncate_wal(engine)
    await asyncio.to_thread(rewrite_embedded_file, settings)
    return {}
