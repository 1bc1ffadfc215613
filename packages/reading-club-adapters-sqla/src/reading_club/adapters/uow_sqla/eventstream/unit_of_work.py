"""The event stream's unit of work on SQL."""

from collections.abc import Callable
from typing import Any, TypeVar

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.dead_letters import SQLAuditLog, SQLDeadLetters
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.adapters.uow_sqla.eventstream.message_store import SQLMessageStore
from reading_club.adapters.uow_sqla.eventstream.outbox_writer import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.subscriptions import SQLSubscriptions
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

TPort = TypeVar("TPort")


class SQLStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work on an engine for PostgreSQL or SQLite; ``create_engine`` makes a good one.

    Each transaction has a connection of its own, taken at its first statement and given back
    before its events are published. The ports of the stream are made at their first use. An
    application's unit of work makes its repositories in ``_begin``, on ``_session``, and writes
    what they have collected in ``_flush``.
    """

    messagestore: SQLMessageStore

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        engine: AsyncEngine,
        tables: StreamTables,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.engine = engine
        self.tables = tables

    @property
    def inbox(self) -> SQLInbox:
        """The inbox of all subscribers."""
        return self._port(SQLInbox)

    @property
    def subscriptions(self) -> SQLSubscriptions:
        """Subscriptions and their missing events."""
        return self._port(SQLSubscriptions)

    @property
    def outbox(self) -> SQLOutboxWriter:
        """The transaction's side of the outbox."""
        return self._port(SQLOutboxWriter)

    @property
    def dead_letters(self) -> SQLDeadLetters:
        """The dead letters of all subscribers."""
        return self._port(SQLDeadLetters)

    @property
    def audit(self) -> SQLAuditLog:
        """The log of what operators did with dead letters."""
        return self._port(SQLAuditLog)

    def _port(self, make: Callable[[Session, StreamTables], TPort]) -> TPort:
        if make not in self._ports:
            self._ports[make] = make(self._session, self.tables)
        port: TPort = self._ports[make]
        return port

    def _begin(self) -> None:
        self._session = Session(self.engine)
        self._ports: dict[Any, Any] = {}
        self.messagestore = SQLMessageStore(self.transport, self._session, self.tables)

    async def _flush(self) -> None:
        """Write what was collected for the commit."""
        await self.messagestore.flush()

    async def _commit(self) -> None:
        try:
            await self._flush()
            await self._session.commit()
        finally:
            await self._session.close()

    async def _release(self) -> None:
        await self._session.close()
