"""The event stream's unit of work on SQL."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import ClassVar, Self

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.errors import require_schema
from reading_club.adapters.uow_sqla.eventstream.connection import TransactionConnection
from reading_club.adapters.uow_sqla.eventstream.dead_letters import SQLAuditLog, SQLDeadLetters
from reading_club.adapters.uow_sqla.eventstream.event_lives import SQLEventLives
from reading_club.adapters.uow_sqla.eventstream.failures import SQLFailures
from reading_club.adapters.uow_sqla.eventstream.history import SQLHistory
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.adapters.uow_sqla.eventstream.message_store import SQLMessageStore
from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.pauses import SQLPauses, SQLReturnedMessages
from reading_club.adapters.uow_sqla.eventstream.projections import SQLProjections
from reading_club.adapters.uow_sqla.eventstream.replays import SQLReplays
from reading_club.adapters.uow_sqla.eventstream.subscriptions import SQLSubscriptions
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.outbox.relay_only import RelayOnlyTransport
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, per_transaction


class SQLStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work on an engine for PostgreSQL or SQLite; ``create_engine`` makes a good one.

    Each transaction has a connection of its own, taken at its first statement and given back
    before its events are published. With ``read_only`` it refuses to write, and on PostgreSQL reads
    without BEGIN and ROLLBACK. An application's repositories and read models are declared by
    ``per_transaction``, and made with the transaction's session; ``connection`` executes SQL of a
    handler's own. Leaving the block raises StorageUnavailable if a statement has failed because
    the schema lacks a table or a column.
    """

    tables: ClassVar[StreamTables]
    """The event stream's tables: set by each application's subclass."""
    messagestore: SQLMessageStore
    session: Session
    inbox = per_transaction(SQLInbox)
    subscriptions = per_transaction(SQLSubscriptions)
    replays = per_transaction(SQLReplays)
    outbox = per_transaction(SQLOutboxWriter)
    dead_letters = per_transaction(SQLDeadLetters)
    audit = per_transaction(SQLAuditLog)
    history = per_transaction(SQLHistory)
    failures = per_transaction(SQLFailures)
    lives = per_transaction(SQLEventLives)
    pauses = per_transaction(SQLPauses)
    returned = per_transaction(SQLReturnedMessages)
    projections = per_transaction(SQLProjections)
    connection = per_transaction(TransactionConnection)
    """Executes SQL of one's own in the transaction."""

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        engine: AsyncEngine,
        metrics_store: AbstractMetricsStore | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.engine = engine
        self.read_only = read_only

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str | URL) -> AsyncIterator[Callable[[], Self]]:
        """Yield a factory of units of work on an engine of their own, whose events a relay sends.

        The URL is that of ``create_engine``: nothing is connected before the first statement.
        Workers and command lines open their units so; ``partial(cls.open, url)`` is what
        ``run_subscriber`` and ``dead_letters_group`` take.
        """
        engine = create_engine(url)
        try:
            yield partial(cls, RelayOnlyTransport(), engine)
        finally:
            await engine.dispose()

    def _begin(self) -> None:
        self.session = Session(self.engine, self.tables, read_only=self.read_only)
        self.messagestore = SQLMessageStore(self.transport, self.session)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await super().__aexit__(exc_type, exc, tb)
        if exc is not None:
            await require_schema(self.engine, self.tables.metadata, exc)
