"""The event stream's unit of work, in memory."""

from typing import Any

from messagebus import AsyncAbstractEventstreamTransport
from messagebus.ports.observability import AbstractMetricsStore

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.dead_letters import InMemoryAuditLog, InMemoryDeadLetters
from reading_club.adapters.memory.event_lives import InMemoryEventLives
from reading_club.adapters.memory.failures import InMemoryFailures
from reading_club.adapters.memory.history import InMemoryHistory
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.message_store import InMemoryMessageStore
from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.pauses import InMemoryPauses, InMemoryReturnedMessages
from reading_club.adapters.memory.projections import InMemoryProjections
from reading_club.adapters.memory.replays import InMemoryReplays
from reading_club.adapters.memory.subscriptions import InMemorySubscriptions
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, per_transaction


class InMemoryStreamUnitOfWork(StreamUnitOfWork):
    """A unit of work with isolated transactions, on a database that a test can inspect.

    An application's repositories are declared by ``per_transaction``, and made with the
    ``InMemoryTransaction``: they read its ``tables``, and ``write`` to them.
    """

    messagestore: InMemoryMessageStore
    inbox = per_transaction(InMemoryInbox)
    subscriptions = per_transaction(InMemorySubscriptions)
    replays = per_transaction(InMemoryReplays)
    outbox = per_transaction(InMemoryOutboxWriter)
    dead_letters = per_transaction(InMemoryDeadLetters)
    audit = per_transaction(InMemoryAuditLog)
    history = per_transaction(InMemoryHistory)
    failures = per_transaction(InMemoryFailures)
    lives = per_transaction(InMemoryEventLives)
    pauses = per_transaction(InMemoryPauses)
    returned = per_transaction(InMemoryReturnedMessages)
    projections = per_transaction(InMemoryProjections)

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
