"""The outbox in an application's own SQLAlchemy transaction, without a bus or unit of work."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Final, Literal
from uuid import UUID

from messagebus import Event
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import Session

from reading_club.adapters.uow_sqla.eventstream.message_store import (
    insert_messages,
    refusing_stored,
)
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.statements import Statement, insert_into, many
from reading_club.eventstream.errors import UnwantedEvent
from reading_club.eventstream.outbox.task_envelope import task_envelope
from reading_club.eventstream.ports.outbox import NO_LEASE, Lease, OutboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.transaction_contexts import TransactionContexts
from reading_club.eventstream.wire import wire_type

DUE: Final = Lease(0.0, NO_LEASE)
"""New rows have no lease: the relay can claim them when they are committed."""
NO_KWARGS: Final[Mapping[str, Any]] = {}
Wanted = Collection[str | type[Event] | Subscriber[Any, Any]]
"""Types on the wire, event classes, and subscribers, whose types are asked for at each event."""


class _Outbox:
    """What both outboxes share: which events are taken, the statements, and the hook."""

    def __init__(
        self,
        tables: StreamTables,
        *,
        unwanted: Literal["refuse", "keep"],
        wanted: Wanted | None = None,
        wake: Callable[[], object] | None = None,
    ) -> None:
        if unwanted not in {"refuse", "keep"} or (unwanted == "refuse") != (wanted is not None):
            raise ValueError('unwanted is "keep", or "refuse" with the wanted types')
        if any(not isinstance(each, str | type | Subscriber) for each in wanted or ()):
            raise TypeError("wanted are subscribers, event classes, or types on the wire")
        self.tables = tables
        self.wanted = wanted
        self._wake = wake

    def _require_wanted(self, events: Sequence[Event]) -> None:
        for each in events:
            type_ = wire_type(each)
            if not each.metadata.published:
                raise ValueError(f"{type_} is not published: set published=True in its metadata")
            if self.wanted is not None and not _is_wanted(type_, self.wanted):
                raise UnwantedEvent(type_)

    def _events(self, dialect: str, events: Sequence[Event]) -> Iterator[Statement]:
        contexts = TransactionContexts()
        for each in events:
            contexts.add(each)
        return insert_messages(self.tables, dialect, events, DUE, contexts)

    def _task(self, dialect: str, envelope: Mapping[str, Any]) -> Statement:
        return many(
            dialect,
            insert_into(dialect, self.tables.outbox),
            [OutboxKey(UUID(envelope["id"]))._asdict()],
            constants={"token": DUE.token, "attempts": 0, "envelope": envelope},
            timestamps={"leased_until": DUE.seconds},
        )

    def _wake_after_commit(self, session: Session) -> None:
        """Wake the relay after commits of the session, which may be before the real COMMIT.

        The hook must not hand over events: SQLAlchemy calls it at the release of a SAVEPOINT and
        within an outer transaction as well. A relay that is woken reads committed rows only.
        """
        if self._wake is not None:  # to listen again changes nothing
            event.listen(session, "after_commit", self._woken)

    def _woken(self, _: Session) -> None:
        if self._wake is not None:
            self._wake()


def _is_wanted(type_: str, wanted: Wanted) -> bool:
    return any(type_ in _types_of(each) for each in wanted)


def _types_of(wanted: str | type[Event] | Subscriber[Any, Any]) -> Collection[str]:
    if isinstance(wanted, Subscriber):
        return wanted.types
    return (wanted if isinstance(wanted, str) else wire_type(wanted),)


class TransactionalOutbox(_Outbox):
    """Stores events and tasks in the caller's transaction; the relay sends them when committed.

    The caller's commit or rollback decides: nothing of a transaction that did not commit is sent,
    and everything of one that did is, at least once. ``tables`` are those of ``stream_tables``.

    ``unwanted`` decides on events that nobody wants: with "refuse" they raise UnwantedEvent, unless
    their type is ``wanted``: by a subscriber, as a class or as a type on the wire; "keep", which
    has no ``wanted``, stores events of any type. ``wake`` is called after commits of an
    AsyncSession, from its thread, and must not block: ``Relay.wake`` of a relay in this process.
    Without it, and for rows of a connection, the relay's next poll finds them.

    On SQLite a SAVEPOINT needs the settings of the driver that SQLAlchemy documents for it.
    """

    async def enqueue(self, session: AsyncSession | AsyncConnection, *events: Event) -> None:
        """Store published events, in history and outbox, in the session's transaction.

        One statement for 500 events on PostgreSQL, two on SQLite. Nothing is stored if an error is
        raised: UnwantedEvent, ValueError for an event that is not published, MessageAlreadyStored
        for an id that is stored, or SQLAlchemy's.
        """
        self._require_wanted(events)
        connection = await self._connection(session)
        with refusing_stored():
            for statement in self._events(connection.dialect.name, events):
                await connection.execute(*statement)

    async def task(
        self,
        session: AsyncSession | AsyncConnection,
        task: str,
        *,
        queue: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = NO_KWARGS,
    ) -> UUID:
        """Store an ordinary Celery task by its name, to be sent to the queue; return its id.

        The task is sent at least once, always with this id, by which its receiver tells copies.
        The arguments are JSON values. No other option of Celery is carried: each raises TypeError.
        A task is no part of the history: the reconciler does not know it.
        """
        envelope = task_envelope(task, args, kwargs, queue)
        connection = await self._connection(session)
        await connection.execute(*self._task(connection.dialect.name, envelope))
        return UUID(envelope["id"])

    async def _connection(self, session: AsyncSession | AsyncConnection) -> AsyncConnection:
        if isinstance(session, AsyncConnection):
            return session
        self._wake_after_commit(session.sync_session)
        return await session.connection(bind_arguments={"clause": self.tables.outbox})


class SyncTransactionalOutbox(_Outbox):
    """``TransactionalOutbox`` for the synchronous ``Session`` and ``Connection``.

    On PostgreSQL it needs psycopg: the extra ``postgres-sync``.
    """

    def enqueue(self, session: Session | Connection, *events: Event) -> None:
        """Store published events, as ``TransactionalOutbox.enqueue`` does."""
        self._require_wanted(events)
        connection = self._connection(session)
        with refusing_stored():
            for statement in self._events(connection.dialect.name, events):
                connection.execute(*statement)

    def task(
        self,
        session: Session | Connection,
        task: str,
        *,
        queue: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = NO_KWARGS,
    ) -> UUID:
        """Store an ordinary Celery task, as ``TransactionalOutbox.task`` does; return its id."""
        envelope = task_envelope(task, args, kwargs, queue)
        connection = self._connection(session)
        connection.execute(*self._task(connection.dialect.name, envelope))
        return UUID(envelope["id"])

    def _connection(self, session: Session | Connection) -> Connection:
        if isinstance(session, Connection):
            return session
        self._wake_after_commit(session)
        return session.connection(bind_arguments={"clause": self.tables.outbox})
