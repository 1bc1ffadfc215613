"""The unit of work: one business transaction, and the publication of its events.

messagebus publishes after the commit, at the end of the ``async with`` block. This base
class adds three guarantees:

- repositories, ports and message store are new for each transaction, so that no event of a
  rolled-back transaction is published;
- after commit or rollback the transaction refuses messages, so that only committed events
  are published;
- the events of a committed transaction are published even if the block raises.

An adapter declares its ports, and an application its repositories, by ``per_transaction``.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from messagebus import (
    AsyncAbstractEventstreamTransport,
    AsyncAbstractMessageStoreRepository,
    AsyncAbstractUnitOfWork,
    AsyncEventstreamPublisher,
    AsyncUnitOfWorkTransaction,
    Message,
)
from messagebus.ports.observability import AbstractMetricsStore, SinkholeMetricsStore

from reading_club.eventstream.errors import UnitOfWorkClosed, UnitOfWorkInUse
from reading_club.eventstream.per_transaction import per_transaction
from reading_club.eventstream.ports.dead_letters import AuditLog, DeadLetters
from reading_club.eventstream.ports.event_lives import EventLives
from reading_club.eventstream.ports.failures import Failures
from reading_club.eventstream.ports.history import History
from reading_club.eventstream.ports.inbox import Inbox
from reading_club.eventstream.ports.outbox import Lease, OutboxTransport, OutboxWriter
from reading_club.eventstream.ports.pauses import Pauses, ReturnedMessages
from reading_club.eventstream.ports.projections import Projections
from reading_club.eventstream.ports.replays import Replays
from reading_club.eventstream.ports.session import StreamSession
from reading_club.eventstream.ports.subscriptions import Subscriptions
from reading_club.eventstream.transaction_contexts import TransactionContexts

__all__ = [
    "AbstractMessageStore",
    "StreamSession",
    "StreamUnitOfWork",
    "UnitOfWorkFactory",
    "per_transaction",
]


class AbstractMessageStore(AsyncAbstractMessageStoreRepository):
    """The message store: a transaction's commands and events, in the order of their handling.

    With an ``OutboxTransport`` each published event gets a row in the outbox, in this
    transaction and leased to the transport. Any other transport publishes directly.
    """

    def __init__(self, transport: AsyncAbstractEventstreamTransport, session: Any) -> None:
        self.publisher: AsyncEventstreamPublisher = AsyncEventstreamPublisher(transport)
        super().__init__(self.publisher)
        self.contexts = TransactionContexts()
        self.transport = transport
        self.session = session
        self.closed = False
        self._added: list[Message[Any]] = []

    @property
    def lease(self) -> Lease | None:
        """The lease of new rows in the outbox; None if events are published directly."""
        return self.transport.lease if isinstance(self.transport, OutboxTransport) else None

    async def add(self, message: Message[Any]) -> None:
        """Store a message, to be published after the commit. Raises UnitOfWorkClosed."""
        if self.closed:
            raise UnitOfWorkClosed("the transaction has ended: it takes no more messages")
        await super().add(message)

    async def _add(self, message: Message[Any]) -> None:
        self._added.append(message)
        self.contexts.add(message)

    async def publish_eventstream(self) -> None:
        """Publish the committed events, to an OutboxTransport each with its context."""
        if isinstance(self.transport, OutboxTransport):
            messages, self.stream_buffer = self.stream_buffer, []
            for message in messages:
                if message.metadata.published:
                    envelope = self.publisher.serializer.serialize_message(message)
                    context = self.contexts[message.message_id]
                    await self.transport.send_in_context(envelope, context)
        await super().publish_eventstream()

    async def flush(self) -> None:
        """Insert the added messages, in their order. Raises MessageAlreadyStored."""
        added, self._added = self._added, []
        if added:
            await self._insert(added)

    @abstractmethod
    async def _insert(self, messages: Sequence[Message[Any]]) -> None:
        """Insert messages, and outbox rows of published ones. Raises MessageAlreadyStored."""


class StreamUnitOfWork(AsyncAbstractUnitOfWork[Any, AbstractMessageStore, AbstractMetricsStore]):
    """One transaction at a time; the object can be entered again for the next one.

    Entering raises UnitOfWorkInUse while a transaction is open. Leaving the block raises
    messagebus's TransactionError if neither commit nor rollback was called, and
    EventstreamUnavailable if the broker did not take the committed events.
    """

    inbox: Inbox
    subscriptions: Subscriptions
    replays: Replays
    outbox: OutboxWriter
    dead_letters: DeadLetters
    audit: AuditLog
    """The log of what operators did with dead letters."""
    history: History
    failures: Failures
    lives: EventLives
    pauses: Pauses
    returned: ReturnedMessages
    projections: Projections
    session: StreamSession
    """The transaction, of which ports and repositories are made."""

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        self.transport = transport
        self.metrics_store = metrics_store or SinkholeMetricsStore()
        self._entered = False
        self._committed = False
        self.made: list[str] = []

    async def __aenter__(  # pyright: ignore[reportIncompatibleMethodOverride]  # returns Self
        self,
    ) -> AsyncUnitOfWorkTransaction[Self]:
        if self._entered:
            raise UnitOfWorkInUse("this unit of work is open already; make one for each task")
        self._entered, self._committed = True, False
        while self.made:
            delattr(self, self.made.pop())
        self._begin()
        return await super().__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(exc_type, exc, tb)
        finally:
            self.messagestore.closed = True
            self._entered = False
            await self.session.close()
            if self._committed:
                await self.messagestore.publish_eventstream()

    async def commit(self) -> None:
        """Commit changes and messages, and end the transaction. Raises UnitOfWorkClosed."""
        if self.messagestore.closed:
            raise UnitOfWorkClosed("the transaction has ended already")
        try:
            for name in self.made:
                if flush := getattr(self.__dict__[name], "flush", None):
                    await flush()
            await self.messagestore.flush()
            await self.session.commit()
        finally:
            await self.session.close()
        self.messagestore.closed = True
        self._committed = True

    async def rollback(self) -> None:
        """Undo the changes and end the transaction. After its end, do nothing."""
        if self.messagestore.closed:
            return
        self.messagestore.closed = True
        await self.session.close()

    @abstractmethod
    def _begin(self) -> None:
        """Set ``session`` and ``messagestore`` for a new transaction."""


UnitOfWorkFactory = Callable[[], StreamUnitOfWork]
