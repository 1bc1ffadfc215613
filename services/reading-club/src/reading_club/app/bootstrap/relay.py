"""Opens the relay, the reconciler and the retention."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.eventstream.retention import SQLRetention
from reading_club.app.bootstrap.broker import open_publisher
from reading_club.app.bootstrap.database import (
    background_unit_of_work,
    open_current_engine,
    subscribe,
)
from reading_club.app.settings import Settings
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.retention import Retention
from reading_club.service.projections import SUBSCRIBERS

LEASE = 15.0
"""Seconds, above the time to publish two batches or to time out: then another relay may claim the
events of a relay that died."""

Prune = Callable[[], Awaitable[Mapping[str, int]]]


@dataclass(frozen=True)
class RelayParts:
    """The parts of a relay process, open, on one engine."""

    relay: Relay
    reconciler: Reconciler
    prune: Prune
    """Deletes expired rows; returns the number of deleted rows by table."""


@asynccontextmanager
async def open_relay(settings: Settings) -> AsyncIterator[RelayParts]:
    """Yield relay, reconciler and retention; close the publisher on exit.

    Raises ConfigurationError if this release does not work with the schema of the database.
    """
    async with open_current_engine(settings) as engine:
        app = open_publisher(settings)
        publisher = BatchPublisher(app)
        await subscribe(engine, SUBSCRIBERS)
        reconciler = Reconciler(
            SUBSCRIBERS,
            SubscriberQueues(app),
            partial(background_unit_of_work, engine),
            after=settings.reconcile_after,
            horizon=settings.horizon,
        )
        relay = Relay(SQLOutbox(engine, orm.stream), publisher, lease=LEASE)
        days = (settings.inbox_days, settings.messages_days, settings.dead_letters_days)
        retention = SQLRetention(engine, orm.stream, Retention(*days))
        try:
            yield RelayParts(relay, reconciler, retention.prune)
        finally:
            publisher.close()
            app.close()
