"""Tests of the outbox in an application's own asynchronous transaction."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from reading_club.adapters.memory.publisher import InMemoryPublisher
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla.eventstream import (
    SQLOutbox,
    SQLStreamUnitOfWork,
    TransactionalOutbox,
)
from reading_club.adapters.uow_sqla.testing.application_tables import (
    executed,
    order,
    orders,
    tables,
)
from reading_club.eventstream.outbox.relay import Relay
from reading_club.testing.contracts.eventstream.parcel_domain import ParcelSent

WANTED = frozenset({"parcel_sent_v1"})


class ApplicationUnitOfWork(SQLStreamUnitOfWork):
    """A unit of work on the application's tables."""

    tables = tables


def parcel() -> ParcelSent:
    """Return a new event."""
    return ParcelSent(address="1 Main Street")


async def commit(session: AsyncSession) -> None:
    """Commit."""
    await session.commit()


async def roll_back(session: AsyncSession) -> None:
    """Roll back."""
    await session.rollback()


async def forget(_: AsyncSession) -> None:
    """Leave the session's block without a commit."""


async def fail_to_commit(session: AsyncSession) -> None:
    """Let the COMMIT fail."""
    await session.execute(order(2, follows=3))
    with pytest.raises(IntegrityError):
        await session.commit()


class ApplicationOutbox:
    """An outbox with a relay, on the tables of ``application_tables``.

    Needs the fixture ``engine``, on a database with these tables and without rows.
    """

    @pytest.fixture(autouse=True)
    def _storage(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.publisher = InMemoryPublisher()
        self.relay = Relay(SQLOutbox(engine, tables), self.publisher)
        self.outbox = TransactionalOutbox(tables, unwanted="refuse", wanted=WANTED)

    async def sent(self) -> list[UUID]:
        """Let the relay send all that is committed, and return the ids."""
        assert await self.relay.drain()
        return [message.key.message_id for message in self.publisher.sent]

    async def stored(self) -> int:
        """Count the rows of history, outbox and orders."""
        async with self.engine.connect() as connection:
            counts = [
                await connection.scalar(select(func.count()).select_from(table)) or 0
                for table in (tables.messages, tables.outbox, orders)
            ]
        return sum(counts)


class TransactionalOutboxContract(ApplicationOutbox):
    """Events in the caller's transaction; it needs the fixture of ``ApplicationOutbox``."""

    async def test_events_of_a_committed_session_are_sent(self) -> None:
        """They are stored with the application's rows, and the relay can send them at once."""
        events = [parcel(), parcel()]
        async with AsyncSession(self.engine) as session:
            await session.execute(order())
            await self.outbox.enqueue(session, *events)
            await session.commit()

        assert await self.stored() == 5
        assert await self.sent() == [event.message_id for event in events]

    async def test_events_of_a_committed_connection_are_sent(self) -> None:
        """A connection without a session is as good."""
        event = parcel()
        async with self.engine.begin() as connection:
            await self.outbox.enqueue(connection, event)

        assert await self.sent() == [event.message_id]

    @pytest.mark.parametrize("end", [roll_back, forget, fail_to_commit])
    async def test_a_transaction_that_is_not_committed_sends_nothing(
        self, end: Callable[[AsyncSession], Awaitable[None]]
    ) -> None:
        """After a rollback, no end, or a COMMIT that fails, nothing is stored or sent."""
        async with AsyncSession(self.engine) as session:
            await self.outbox.enqueue(session, parcel())
            await self.outbox.task(session, "shop.tasks.ship", queue="shipping")
            await end(session)

        assert await self.stored() == 0
        assert await self.sent() == []

    async def test_a_released_savepoint_sends_nothing_after_the_rollback(self) -> None:
        """The outer transaction decides on events of a SAVEPOINT that was released."""
        async with AsyncSession(self.engine) as session:
            await session.execute(order())
            async with session.begin_nested():
                await self.outbox.enqueue(session, parcel())
            await session.rollback()

        assert await self.stored() == 0
        assert await self.sent() == []

    async def test_a_savepoint_that_is_undone_takes_its_events_along(self) -> None:
        """Events before and after the SAVEPOINT are sent, those within are not."""
        before, after = parcel(), parcel()
        async with AsyncSession(self.engine) as session:
            await self.outbox.enqueue(session, before)
            async with session.begin_nested() as savepoint:
                await self.outbox.enqueue(session, parcel())
                await savepoint.rollback()
            await self.outbox.enqueue(session, after)
            await session.commit()

        assert await self.sent() == [before.message_id, after.message_id]

    async def test_a_session_within_an_outer_transaction_sends_after_its_end(self) -> None:
        """The commit of a session that joined a connection's transaction is none."""
        async with self.engine.connect() as connection:
            outer = await connection.begin()
            async with AsyncSession(connection, join_transaction_mode="rollback_only") as session:
                await self.outbox.enqueue(session, parcel())
                await session.commit()
            await outer.rollback()

        assert await self.stored() == 0

    async def test_a_call_is_one_statement_on_postgresql_and_two_on_sqlite(self) -> None:
        """The number of events does not matter, and a task is one statement."""
        async with AsyncSession(self.engine) as session:
            await session.connection()
            with executed(self.engine.sync_engine) as seen:
                await self.outbox.enqueue(session, *[parcel() for _ in range(100)])
                await self.outbox.task(session, "shop.tasks.ship", queue="shipping")
            await session.commit()

        messages = ["WITH"] if self.engine.dialect.name == "postgresql" else ["INSERT", "INSERT"]
        assert [word for word in seen if word != "BEGIN"] == [*messages, "INSERT"]

    async def test_the_reconciler_sees_the_events(self) -> None:
        """An event that a subscriber did not receive is sent again."""
        transport = InMemoryEventstreamTransport()
        async with ApplicationUnitOfWork(transport, self.engine) as transaction:
            await transaction.uow.subscriptions.subscribe("post", WANTED)
            await transaction.commit()
        event = parcel()
        async with self.engine.begin() as connection:
            await self.outbox.enqueue(connection, event)
        assert await self.sent() == [event.message_id]

        async with ApplicationUnitOfWork(transport, self.engine) as transaction:
            missing = await transaction.uow.subscriptions.requeue_missing(
                "post", idle=True, after=0.0, horizon=60.0, limit=10
            )
            await transaction.commit()

        assert missing == 1
        assert await self.sent() == [event.message_id] * 2
