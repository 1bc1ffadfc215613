"""The unit of work: one business transaction, and the publication of its events.

messagebus publishes after the commit, at the end of the ``async with`` block. This base
class adds three guarantees:

- repositories and message store are new for each transaction, so that no event of a
  rolled-back transaction is published;
- after commit or rollback the transaction refuses messages, so that only committed events
  are published;
- the events of a committed transaction are published even if the block raises.

The stream's ports are attributes of the unit of work; an application's own unit of work adds its
repositories.
"""

from abc import abstractmethod
from collections.abc import Callable
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
from reading_club.eventstream.ports.dead_letters import AuditLog, DeadLetters
from reading_club.eventstream.ports.inbox import Inbox
from reading_club.eventstream.ports.outbox import OutboxTransport, OutboxWriter
from reading_club.eventstream.ports.subscriptions import Subscriptions


class AbstractMessageStore(AsyncAbstractMessageStoreRepository):
    """The message store: a transaction's commands and events, in the order of their handling.

    With an ``OutboxTransport`` each published event gets a row in the outbox, in this
    transaction and leased to the transport. Any other transport publishes directly.
    """

    def __init__(self, transport: AsyncAbstractEventstreamTransport) -> None:
        super().__init__(AsyncEventstreamPublisher(transport))
        self.lease = transport.lease if isinstance(transport, OutboxTransport) else None
        self.closed = False

    async def add(self, message: Message[Any]) -> None:
        """Store a message, to be published after the commit. Raises UnitOfWorkClosed."""
        if self.closed:
            raise UnitOfWorkClosed("the transaction has ended: it takes no more messages")
        await super().add(message)


class StreamUnitOfWork(AsyncAbstractUnitOfWork[Any, AbstractMessageStore, AbstractMetricsStore]):
    """One transaction at a time; the object can be entered again for the next one.

    Entering raises UnitOfWorkInUse while a transaction is open. Leaving the block raises
    messagebus's TransactionError if neither commit nor rollback was called, and
    EventstreamUnavailable if the broker did not take the committed events.
    """

    def __init__(
        self,
        transport: AsyncAbstractEventstreamTransport,
        metrics_store: AbstractMetricsStore | None = None,
    ) -> None:
        self.transport = transport
        self.metrics_store = metrics_store or SinkholeMetricsStore()
        self._entered = False
        self._committed = False

    @property
    @abstractmethod
    def inbox(self) -> Inbox:
        """The inbox of all subscribers."""

    @property
    @abstractmethod
    def subscriptions(self) -> Subscriptions:
        """Subscriptions and their missing events."""

    @property
    @abstractmethod
    def outbox(self) -> OutboxWriter:
        """The transaction's side of the outbox."""

    @property
    @abstractmethod
    def dead_letters(self) -> DeadLetters:
        """The dead letters of all subscribers."""

    @property
    @abstractmethod
    def audit(self) -> AuditLog:
        """The log of what operators did with dead letters."""

    async def __aenter__(  # pyright: ignore[reportIncompatibleMethodOverride]  # returns Self
        self,
    ) -> AsyncUnitOfWorkTransaction[Self]:
        if self._entered:
            raise UnitOfWorkInUse("this unit of work is open already; make one for each task")
        self._entered, self._committed = True, False
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
            await self._release()
            if self._committed:
                await self.messagestore.publish_eventstream()

    async def commit(self) -> None:
        """Commit the transaction's changes and messages, and end the transaction.

        Raises UnitOfWorkClosed if it has ended already.
        """
        if self.messagestore.closed:
            raise UnitOfWorkClosed("the transaction has ended already")
        await self._commit()
        self.messagestore.closed = True
        self._committed = True

    async def rollback(self) -> None:
        """Undo the changes and end the transaction. After its end, do nothing."""
        if self.messagestore.closed:
            return
        self.messagestore.closed = True
        await self._release()

    @abstractmethod
    def _begin(self) -> None:
        """Make the repositories and the message store of a new transaction."""

    @abstractmethod
    async def _commit(self) -> None:
        """Commit the transaction and release its resources."""

    @abstractmethod
    async def _release(self) -> None:
        """Roll back uncommitted changes and release resources. May be called twice."""


UnitOfWorkFactory = Callable[[], StreamUnitOfWork]
