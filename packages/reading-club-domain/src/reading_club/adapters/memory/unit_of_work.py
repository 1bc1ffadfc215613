"""In-memory unit of work and message store."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from messagebus import AsyncAbstractEventstreamTransport, Message
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.activity import InMemoryActivityLog
from reading_club.adapters.memory.catalogue import InMemoryCatalogue
from reading_club.adapters.memory.database import (
    InMemoryDatabase,
    InMemoryTransaction,
    OutboxRow,
    Tables,
)
from reading_club.adapters.memory.dead_letters import InMemoryAuditLog, InMemoryDeadLetters
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.repositories import (
    InMemoryBookRepository,
    InMemoryReviewerRepository,
    InMemoryReviewRepository,
)
from reading_club.adapters.memory.subscriptions import InMemorySubscriptions
from reading_club.eventstream.errors import MessageAlreadyStored
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.unit_of_work import AbstractMessageStore
from reading_club.service.uow import AbstractUnitOfWork


class InMemoryMessageStore(AbstractMessageStore):
    """The message store, in memory. ``messages`` are the committed ones, in order."""

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        transaction: InMemoryTransaction,
        database: InMemoryDatabase,
    ) -> None:
        super().__init__(transport)
        self._transaction = transaction
        self._database = database

    @property
    def messages(self) -> Sequence[Message[Any]]:
        """Every committed command and event, in the order in which they were handled."""
        return list(self._database.messages.values())

    async def _add(self, message: Message[Any]) -> None:
        now = self._transaction.now

        def insert(tables: Tables) -> None:
            if message.message_id in tables.messages:
                raise MessageAlreadyStored(f"message {message.message_id} is stored already")
            tables.messages[message.message_id] = message
            tables.recorded[message.message_id] = now

        self._transaction.write(insert)
        if self.lease is not None and message.metadata.published:
            self._lease_row(OutboxKey(message.message_id), self.lease)

    def _lease_row(self, key: OutboxKey, lease: Lease) -> None:
        def insert(tables: Tables) -> None:
            until = self._database.clock() + timedelta(seconds=lease.seconds)
            tables.outbox[key] = OutboxRow(key, lease.token, until, added_at=self._database.clock())

        self._transaction.write(insert)


class InMemoryUnitOfWork(AbstractUnitOfWork):
    """A unit of work with isolated transactions, on a database that a test can inspect."""

    messagestore: InMemoryMessageStore

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        database: InMemoryDatabase | None = None,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        super().__init__(transport, metrics_store)
        self.database = InMemoryDatabase() if database is None else database

    def _begin(self) -> None:
        self._transaction = InMemoryTransaction(self.database)
        self.books = InMemoryBookRepository(self._transaction)
        self.reviewers = InMemoryReviewerRepository(self._transaction)
        self.reviews = InMemoryReviewRepository(self._transaction)
        self.activity = InMemoryActivityLog(self._transaction)
        self.catalogue = InMemoryCatalogue(self._transaction)
        self.inbox = InMemoryInbox(self._transaction)
        self.subscriptions = InMemorySubscriptions(self._transaction)
        self.outbox = InMemoryOutboxWriter(self._transaction)
        self.dead_letters = InMemoryDeadLetters(self._transaction)
        self.audit = InMemoryAuditLog(self._transaction)
        self.messagestore = InMemoryMessageStore(self.transport, self._transaction, self.database)

    async def _commit(self) -> None:
        self._transaction.commit()

    async def _release(self) -> None:
        self._transaction.close()
