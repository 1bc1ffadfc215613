"""The unit of work on SQL."""

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.logs import SQLActivityLog, SQLDeadLetters, SQLMessageStore
from reading_club.adapters.uow_sqla.repositories import (
    SQLBookRepository,
    SQLReviewerRepository,
    SQLReviewRepository,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.service.uow import AbstractUnitOfWork


class SQLUnitOfWork(AbstractUnitOfWork):
    """A unit of work on an engine for PostgreSQL or SQLite; ``create_engine`` makes a good one.

    Each transaction has a connection of its own, taken at its first statement and given back
    before its events are published. The messages of a transaction are one INSERT.
    """

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
        self.dead_letters = SQLDeadLetters(self._session)
        self.messagestore = SQLMessageStore(self.transport, self._session)

    async def _commit(self) -> None:
        try:
            await self.messagestore.flush()
            await self._session.commit()
        finally:
            await self._session.close()

    async def _end(self) -> None:
        await self._session.close()
