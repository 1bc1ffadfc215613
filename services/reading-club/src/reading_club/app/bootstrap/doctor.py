"""Opens what ``reading-club doctor`` looks at: records in the database, queues on the broker."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.bootstrap.broker import open_publisher
from reading_club.app.bootstrap.database import background_unit_of_work, open_existing_engine
from reading_club.app.settings import Settings
from reading_club.eventstream.ports.heartbeats import Heartbeats
from reading_club.eventstream.ports.queues import InspectQueues
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory


@dataclass(frozen=True)
class Records:
    """Units of work that publish no events, and the heartbeats of all processes."""

    make_uow: UnitOfWorkFactory
    heartbeats: Heartbeats


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """Yield the records of an existing database. Raises ConfigurationError."""
    async with open_existing_engine(settings) as engine:
        make_uow = partial(background_unit_of_work, engine)
        yield Records(make_uow, SQLHeartbeats(engine, orm.stream))


@contextmanager
def open_queues(settings: Settings) -> Iterator[InspectQueues]:
    """Yield the queues on the broker. Raises ConfigurationError."""
    app = open_publisher(settings)
    try:
        yield SubscriberQueues(app)
    finally:
        app.close()
