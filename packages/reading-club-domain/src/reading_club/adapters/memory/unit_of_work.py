"""The club's unit of work, in memory."""

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.read_models import READ_MODELS
from reading_club.adapters.memory.repositories import (
    InMemoryBookRepository,
    InMemoryReviewerRepository,
    InMemoryReviewRepository,
)
from reading_club.adapters.memory.stream_unit_of_work import InMemoryStreamUnitOfWork
from reading_club.service.uow import AbstractUnitOfWork


class InMemoryUnitOfWork(InMemoryStreamUnitOfWork, AbstractUnitOfWork):
    """The club's repositories and read models, in one transaction with the event stream."""

    database: InMemoryDatabase

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        database: InMemoryDatabase | None = None,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(
            transport, InMemoryDatabase() if database is None else database, metrics_store
        )

    def _begin(self) -> None:
        super()._begin()
        self.books = InMemoryBookRepository(self._transaction)
        self.reviewers = InMemoryReviewerRepository(self._transaction)
        self.reviews = InMemoryReviewRepository(self._transaction)
        for model in READ_MODELS:
            setattr(self, model.name, model(self._transaction))
