"""The outbox in an application's own transaction, on SQLite."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, NullPool
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import TransactionalOutbox
from reading_club.adapters.uow_sqla.testing.application_tables import (
    metadata,
    tables,
    with_savepoints,
)
from reading_club.adapters.uow_sqla.testing.enqueued_content import EnqueuedContentContract
from reading_club.adapters.uow_sqla.testing.sync_transactional_outbox import (
    SyncTransactionalOutboxContract,
)
from reading_club.adapters.uow_sqla.testing.transactional_outbox import TransactionalOutboxContract


@pytest.fixture
def sync_engine(tmp_path: Path) -> Iterator[Engine]:
    """A synchronous engine on a file with the application's tables."""
    url = f"sqlite:///{tmp_path / 'shop.sqlite3'}"
    engine = with_savepoints(create_sync_engine(url, poolclass=NullPool))
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
async def engine(sync_engine: Engine) -> AsyncIterator[AsyncEngine]:
    """An engine on the same file.

    Without a pool: after a COMMIT that fails, SQLAlchemy's session returns a connection to SQLite
    with its transaction open, and the end of the connection is the end of the transaction.
    """
    engine = create_engine(sync_engine.url.set(drivername="sqlite"), poolclass=NullPool)
    with_savepoints(engine.sync_engine)
    yield engine
    await engine.dispose()


class TestTransactionalOutbox(TransactionalOutboxContract):
    """The asynchronous outbox."""


class TestEnqueuedContent(EnqueuedContentContract):
    """What the asynchronous outbox takes."""


class TestSyncTransactionalOutbox(SyncTransactionalOutboxContract):
    """The synchronous outbox."""


@pytest.mark.parametrize(
    "options",
    [{"unwanted": "refuse"}, {"unwanted": "keep", "wanted": ()}, {"unwanted": "confirm"}],
    ids=str,
)
def test_the_setting_for_unwanted_events_is_complete(options: dict[str, Any]) -> None:
    """To refuse takes the wanted types, to keep takes none; a third way is unknown."""
    with pytest.raises(ValueError, match="unwanted is"):
        TransactionalOutbox(tables, **options)
