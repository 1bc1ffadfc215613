"""An in-memory database with transactions, whose writes are checked again at the commit."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from copy import copy
from datetime import UTC, datetime
from threading import RLock
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import UUID

from messagebus import Message

from reading_club.adapters.memory.rows import Count, Failure, OutboxRow, Projection, Span
from reading_club.eventstream.context import MessageContext
from reading_club.eventstream.errors import UnitOfWorkClosed
from reading_club.eventstream.ports.dead_letters import AuditEntry, DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey

TKey = TypeVar("TKey")
TValue = TypeVar("TValue")
TDatabase = TypeVar("TDatabase", bound="InMemoryStreamDatabase")


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


class InMemoryStreamDatabase:
    """The committed tables of an event stream: mappings from key to row.

    An application's tables are attributes of its subclass: each attribute that is a mapping
    is part of the transactions. Rows are replaced, never changed: repositories store and return
    copies of what can be changed.

    Order and age are measured by ``clock``, the database's own. Set ``error`` to simulate an
    outage: every transaction and every claim raises it.

    ``generational`` are the tables with generations of each projection. Their attributes hold the
    generation 0, ``rebuilt`` all others, by table, generation and key.
    """

    def __init__(self, clock: Callable[[], datetime] = utc_now) -> None:
        self.messages: MutableMapping[UUID, Message[Any]] = {}
        self.contexts: MutableMapping[UUID, MessageContext] = {}
        self.recorded: MutableMapping[UUID, datetime] = {}
        self.redacted: MutableMapping[UUID, bool] = {}
        self.outbox: MutableMapping[OutboxKey, OutboxRow] = {}
        self.inbox: MutableMapping[InboxKey, datetime] = {}
        self.attempts: MutableMapping[InboxKey, Count] = {}
        self.subscriptions: MutableMapping[tuple[str, str], datetime] = {}
        self.outside: MutableMapping[tuple[str, str], bool] = {}
        self.delivered_as: MutableMapping[tuple[str, str], str] = {}
        self.replays: MutableMapping[tuple[str, str], Span] = {}
        self.resends: MutableMapping[InboxKey, Count] = {}
        self.dead_letters: MutableMapping[tuple[str, UUID], DeadLetter] = {}
        self.audit: MutableMapping[int, AuditEntry] = {}
        self.failures: MutableMapping[int, Failure] = {}
        self.pauses: MutableMapping[str, datetime] = {}
        self.returned: MutableMapping[InboxKey, datetime] = {}
        self.projections: MutableMapping[str, Projection] = {}
        self.deleted_types: MutableMapping[str, bool] = {}
        self.rebuilt: MutableMapping[tuple[str, int, Any], Any] = {}
        self.generational: Mapping[str, tuple[str, ...]] = MappingProxyType({})
        self.clock = clock
        self.error: Exception | None = None
        self._lock = RLock()

    @contextmanager
    def changed(self) -> Iterator[None]:
        """Lock the committed tables for a change by one thread. Raises ``error`` if it is set."""
        with self._lock:
            if self.error is not None:
                raise self.error
            yield


class OverlayMapping(MutableMapping[TKey, TValue]):
    """Written and deleted rows of a table, over the unchanged rows below."""

    def __init__(self, below: MutableMapping[TKey, TValue]) -> None:
        self._below = below
        self._written: dict[TKey, TValue] = {}
        self._gone: set[TKey] = set()

    def __getitem__(self, key: TKey) -> TValue:
        if key in self._gone:
            raise KeyError(key)
        return self._written[key] if key in self._written else self._below[key]

    def __setitem__(self, key: TKey, value: TValue) -> None:
        self._gone.discard(key)
        self._written[key] = value

    def __delitem__(self, key: TKey) -> None:
        if key not in self:
            raise KeyError(key)
        self._written.pop(key, None)
        self._gone.add(key)

    def __iter__(self) -> Iterator[TKey]:
        yield from (key for key in self._below if key not in self._gone)
        yield from (key for key in self._written if key not in self._below)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def apply(self) -> None:
        """Apply the changes to the rows below."""
        for key in self._gone:
            self._below.pop(key, None)
        self._below.update(self._written)


class InMemoryTransaction(Generic[TDatabase]):
    """The transaction of a unit of work: each write is checked, and replayed at the commit."""

    def __init__(self, database: TDatabase) -> None:
        self.database = database
        self._view = _overlay(database)
        self._writes: list[Callable[[TDatabase], object]] = []
        self._open = True
        self.rebuilding: dict[str, int] = {}
        """The generation that this transaction alone writes, of each projection being rebuilt."""

    @property
    def now(self) -> datetime:
        """The time by the database's clock."""
        return self.database.clock()

    @property
    def tables(self) -> TDatabase:
        """The rows as this transaction sees them.

        Raises UnitOfWorkClosed after its end, and the database's ``error`` if that is set.
        """
        if not self._open:
            raise UnitOfWorkClosed("the transaction has ended")
        if self.database.error is not None:
            raise self.database.error
        return self._view

    def write(self, change: Callable[[TDatabase], object]) -> None:
        """Check and make a change now, and once more at the commit.

        ``change`` checks itself against the tables, and raises a refusal or changes them.
        """
        change(self.tables)
        self._writes.append(change)

    async def commit(self) -> None:
        """Apply all writes to the committed tables, or none if one is refused, and end."""
        with self.database.changed():
            self._open = False
            final = _overlay(self.database)
            for change in self._writes:
                change(final)
            for table in vars(final).values():
                if isinstance(table, OverlayMapping):
                    table.apply()

    async def close(self) -> None:
        """End the transaction; uncommitted writes are lost."""
        self._open = False


def _overlay(database: TDatabase) -> TDatabase:
    """Return a copy of the database whose tables overlay those of the original."""
    view = copy(database)
    for name, table in vars(database).items():
        if isinstance(table, (dict, MutableMapping)):
            setattr(view, name, OverlayMapping(table))
    return view
