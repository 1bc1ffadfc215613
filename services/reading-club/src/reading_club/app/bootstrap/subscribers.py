"""Opens the subscriptions and the queues, for the commands on subscribers outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.app.bootstrap.broker import open_publisher
from reading_club.app.bootstrap.database import open_current_units_of_work
from reading_club.app.settings import Settings
from reading_club.eventstream.outside import Queues
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True)
class Subscribing:
    """Units of work that publish no events, and the queues on the broker."""

    make_uow: UnitOfWorkFactory
    queues: Queues


@asynccontextmanager
async def open_subscribing(settings: Settings) -> AsyncIterator[Subscribing]:
    """Yield database and queues. Raises as ``open_current_engine`` does."""
    async with open_current_units_of_work(settings) as make_uow:
        app = open_publisher(settings)
        try:
            yield Subscribing(make_uow, SubscriberQueues(app))
        finally:
            app.close()
