"""The unit of work on SQL."""

from types import TracebackType

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.activity import SQLActivityLog
from reading_club.adapters.uow_sqla.catalogue import SQLCatalogue
from reading_club.adapters.uow_sqla.eventstream.dead_letters import SQLAuditLog, SQLDeadLetters
from reading_club.adapters.uow_sqla.eventstream.inbox import SQLInbox
from reading_club.adapters.uow_sqla.eventstream.message_store import SQLMessageStore
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutboxWriter
from reading_club.adapters.uow_sqla.eventstream.subscriptions import SQLSubscriptions
from reading_club.adapters.uow_sqla.repositories import (
    SQLBookRepository,
    SQLReviewerRepository,
    SQLReviewRepository,
)
from reading_club.adapters.uow_sqla.schema import require_schema
from reading_club.adapters.uow_sqla.session import Session
from reading_club.service.uow import AbstractUnitOfWork


class SQLUnitOfWork(AbstractUnitOfWork):
    """A unit of work on an engine for PostgreSQL or SQLite, such as ``create_engine`` returns.

    Each transaction has a connection of its own, taken at its first statement and returned before
    its events are published. The commit inserts collected rows: messages by one INSERT, with an
    ``OutboxTransport`` outbox rows by the same one (PostgreSQL) or a second one (SQLite), and each
    projection's rows by one. Leaving the block raises StorageUnavailable if a statement has
    failed because the schema lacks a table or a column.
    """

    activity: SQLActivityLog
    catalogue: SQLCatalogue
    messagestore: SQLMessageStore

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        engine: AsyncEngine,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.engine = engine

    def _begin(self) -> None:
        self._session = Session(self.engine)
        self.books = SQLBookRepository(self._session)
        self.reviewers = SQLReviewerRepository(self._session)
        self.reviews = SQLReviewRepository(self._session)
        self.activity = SQLActivityLog(self._session)
        self.catalogue = SQLCatalogue(self._session)
        self.inbox = SQLInbox(self._session)
        self.subscriptions = SQLSubscriptions(self._session)
        self.outbox = SQLOutboxWriter(self._session)
        self.dead_letters = SQLDeadLetters(self._session)
        self.audit = SQLAuditLog(self._session)
        self.messagestore = SQLMessageStore(self.transport, self._session)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await super().__aexit__(exc_type, exc, tb)
        if exc is not None:
            await require_schema(self.engine, exc)

    async def _commit(self) -> None:
        try:
            for collected in (self.activity, self.catalogue, self.messagestore):
                await collected.flush()
            await self._session.commit()
        finally:
            await self._session.close()

    async def _release(self) -> None:
        await self._session.close()
