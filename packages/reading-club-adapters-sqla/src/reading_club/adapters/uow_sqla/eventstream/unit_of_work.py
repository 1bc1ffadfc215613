"""The event stream's unit of work on SQL."""

from types import TracebackType
from typing import ClassVar

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.errors import require_schema
from reading_club.adapters.uow_sqla.eventstream.dead_letters import SQLAuditLog, SQLDeadLetters
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.adapters.uow_sqla.eventstream.message_store import SQLMessageStore
from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.subscriptions import SQLSubscriptions
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, per_transaction


class SQLStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work on an engine for PostgreSQL or SQLite; ``create_engine`` makes a good one.

    Each transaction has a connection of its own, taken at its first statement and given back
    before its events are published. An application's repositories and read models are declared by
    ``per_transaction``, and made with the transaction's session. Leaving the block raises
    StorageUnavailable if a statement has failed because the schema lacks a table or a column.
    """

    tables: ClassVar[StreamTables]
    """The event stream's tables: set by each application's subclass."""
    messagestore: SQLMessageStore
    session: Session
    inbox = per_transaction(SQLInbox)
    subscriptions = per_transaction(SQLSubscriptions)
    outbox = per_transaction(SQLOutboxWriter)
    dead_letters = per_transaction(SQLDeadLetters)
    audit = per_transaction(SQLAuditLog)

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        engine: AsyncEngine,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.engine = engine

    def _begin(self) -> None:
        self.session = Session(self.engine, self.tables)
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
