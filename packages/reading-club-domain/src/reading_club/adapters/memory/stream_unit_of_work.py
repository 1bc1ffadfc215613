"""The event stream's unit of work, in memory."""

from collections.abc import Callable
from typing import Any, TypeVar

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.dead_letters import InMemoryAuditLog, InMemoryDeadLetters
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.message_store import InMemoryMessageStore
from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.subscriptions import InMemorySubscriptions
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

TPort = TypeVar("TPort")


class InMemoryStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work with isolated transactions, on a database that a test can inspect."""

    messagestore: InMemoryMessageStore

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        database: InMemoryStreamDatabase,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.database = database

    @property
    def inbox(self) -> InMemoryInbox:
        """The inbox of all subscribers."""
        return self._port(InMemoryInbox)

    @property
    def subscriptions(self) -> InMemorySubscriptions:
        """Subscriptions and their missing events."""
        return self._port(InMemorySubscriptions)

    @property
    def outbox(self) -> InMemoryOutboxWriter:
        """The transaction's side of the outbox."""
        return self._port(InMemoryOutboxWriter)

    @property
    def dead_letters(self) -> InMemoryDeadLetters:
        """The dead letters of all subscribers."""
        return self._port(InMemoryDeadLetters)

    @property
    def audit(self) -> InMemoryAuditLog:
        """The log of what operators did with dead letters."""
        return self._port(InMemoryAuditLog)

    def _port(self, make: Callable[[InMemoryTransaction[Any]], TPort]) -> TPort:
        if make not in self._ports:
            self._ports[make] = make(self._transaction)
        port: TPort = self._ports[make]
        return port

    def _begin(self) -> None:
        self._transaction: InMemoryTransaction[Any] = InMemoryTransaction(self.database)
        self._ports: dict[Any, Any] = {}
        self.messagestore = InMemoryMessageStore(self.transport, self._transaction)

    async def _commit(self) -> None:
        self._transaction.commit()

    async def _release(self) -> None:
        self._transaction.close()
