"""The event stream's unit of work, in memory."""

from typing import Any

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.dead_letters import InMemoryAuditLog, InMemoryDeadLetters
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.message_store import InMemoryMessageStore
from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.subscriptions import InMemorySubscriptions
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, per_transaction


class InMemoryStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work with isolated transactions, on a database that a test can inspect."""

    messagestore: InMemoryMessageStore
    inbox = per_transaction(InMemoryInbox)
    subscriptions = per_transaction(InMemorySubscriptions)
    outbox = per_transaction(InMemoryOutboxWriter)
    dead_letters = per_transaction(InMemoryDeadLetters)
    audit = per_transaction(InMemoryAuditLog)

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        database: InMemoryStreamDatabase,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.database = database

    def _begin(self) -> None:
        self.session: InMemoryTransaction[Any] = InMemoryTransaction(self.database)
        self.messagestore = InMemoryMessageStore(self.transport, self.session)
