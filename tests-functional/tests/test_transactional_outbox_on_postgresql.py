"""The outbox in an application's own transaction, on PostgreSQL by asyncpg and by psycopg."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Engine, make_url
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.testing.application_tables import metadata
from reading_club.adapters.uow_sqla.testing.enqueued_content import EnqueuedContentContract
from reading_club.adapters.uow_sqla.testing.sync_transactional_outbox import (
    SyncTransactionalOutboxContract,
)
from reading_club.adapters.uow_sqla.testing.transactional_outbox import TransactionalOutboxContract
from reading_club_functional.servers import PostgreSQLServer


@pytest.fixture(scope="module")
def application_url(postgresql: PostgreSQLServer) -> Iterator[str]:
    """A database for the application's tables."""
    url = postgresql.create_database()
    yield url
    postgresql.drop_database(url)


@pytest.fixture
def sync_engine(application_url: str) -> Iterator[Engine]:
    """A synchronous engine on new tables."""
    engine = create_sync_engine(make_url(application_url).set(drivername="postgresql+psycopg"))
    metadata.drop_all(engine)
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
async def engine(sync_engine: Engine) -> AsyncIterator[AsyncEngine]:
    """An asynchronous engine on the tables of the other one."""
    engine = create_engine(sync_engine.url.set(drivername="postgresql"))
    yield engine
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a queue pool counts
    await engine.dispose()


class TestTransactionalOutbox(TransactionalOutboxContract):
    """The asynchronous outbox."""


class TestEnqueuedContent(EnqueuedContentContract):
    """What the asynchronous outbox takes."""


class TestSyncTransactionalOutbox(SyncTransactionalOutboxContract):
    """The synchronous outbox."""
