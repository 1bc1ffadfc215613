"""The club's unit of work on SQL."""

from types import TracebackType
from typing import Final

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.unit_of_work import SQLStreamUnitOfWork
from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.adapters.uow_sqla.read_models import READ_MODELS
from reading_club.adapters.uow_sqla.repositories import (
    SQLBookRepository,
    SQLReviewerRepository,
    SQLReviewRepository,
)
from reading_club.adapters.uow_sqla.schema import require_schema
from reading_club.service.uow import AbstractUnitOfWork

_MAKERS: Final = {model.name: model for model in READ_MODELS}


class SQLUnitOfWork(SQLStreamUnitOfWork, AbstractUnitOfWork):
    """The club's repositories and read models, in one transaction with the event stream.

    The messages of a transaction are one INSERT, and with an ``OutboxTransport`` the outbox rows
    share it on PostgreSQL and are a second one on SQLite. What projections write is collected as
    well, so that the events of a batch are one INSERT. Leaving the block raises
    StorageUnavailable if a statement has failed because the schema lacks a table or a column.
    """

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        engine: AsyncEngine,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, engine, orm.stream, metrics_store)
        self._read_models: dict[str, SQLReadModel] = {}

    def _begin(self) -> None:
        super()._begin()
        self.books = SQLBookRepository(self._session)
        self.reviewers = SQLReviewerRepository(self._session)
        self.reviews = SQLReviewRepository(self._session)
        self._read_models = {}

    def __getattr__(self, name: str) -> SQLReadModel:
        """Return the transaction's read model of this name, made at its first use."""
        if name not in _MAKERS:
            raise AttributeError(f"a unit of work has no {name!r}")
        if name not in self._read_models:
            self._read_models[name] = _MAKERS[name](self._session)
        return self._read_models[name]

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await super().__aexit__(exc_type, exc, tb)
        if exc is not None:
            await require_schema(self.engine, self.tables.metadata, exc)

    async def _flush(self) -> None:
        for model in self._read_models.values():
            await model.flush()
        await super()._flush()
