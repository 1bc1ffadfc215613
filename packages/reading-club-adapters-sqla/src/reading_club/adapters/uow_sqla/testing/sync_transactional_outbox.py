"""Tests of the outbox in an application's own synchronous transaction."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from reading_club.adapters.uow_sqla.eventstream import SyncTransactionalOutbox
from reading_club.adapters.uow_sqla.testing.application_tables import (
    executed,
    order,
    tables,
)
from reading_club.adapters.uow_sqla.testing.transactional_outbox import WANTED, parcel
from reading_club.eventstream.errors import MessageAlreadyStored, UnwantedEvent
from reading_club.eventstream.ports.outbox import NO_LEASE


def roll_back(session: Session) -> None:
    """Roll back."""
    session.rollback()


def forget(_: Session) -> None:
    """Leave the session's block without a commit."""


def fail_to_commit(session: Session) -> None:
    """Let the COMMIT fail."""
    session.execute(order(2, follows=3))
    with pytest.raises(IntegrityError):
        session.commit()


class SyncTransactionalOutboxContract:
    """The synchronous outbox, on the tables of ``application_tables``.

    Needs the fixture ``sync_engine``, on a database with these tables and without rows.
    """

    @pytest.fixture(autouse=True)
    def _storage(self, sync_engine: Engine) -> None:
        self.engine = sync_engine
        self.woken: list[list[UUID]] = []
        self.outbox = SyncTransactionalOutbox(
            tables, unwanted="refuse", wanted=WANTED, wake=lambda: self.woken.append(self.due())
        )

    def due(self) -> list[UUID]:
        """Return the ids of committed rows that the relay may claim, on a connection of its own."""
        outbox = tables.outbox.c
        rows = select(outbox.message_id).where(outbox.token == NO_LEASE, outbox.attempts == 0)
        with self.engine.connect() as connection:
            return list(connection.scalars(rows.order_by(outbox.message_id)))

    def test_events_of_a_committed_session_are_due(self) -> None:
        """They are in history and outbox when the hook wakes the relay."""
        events = [parcel(), parcel()]
        with Session(self.engine) as session:
            session.execute(order())
            self.outbox.enqueue(session, *events)
            assert self.due() == []
            session.commit()

        assert self.due() == [event.message_id for event in events]
        assert self.woken == [self.due()]
        with self.engine.connect() as connection:
            stored = connection.scalar(select(func.count()).select_from(tables.messages))
        assert stored == 2

    def test_rows_of_a_connection_wake_nobody(self) -> None:
        """They wait for the relay's next poll."""
        event = parcel()
        with self.engine.begin() as connection:
            self.outbox.enqueue(connection, event)

        assert self.due() == [event.message_id]
        assert self.woken == []

    @pytest.mark.parametrize("end", [roll_back, forget, fail_to_commit])
    def test_a_transaction_that_is_not_committed_leaves_nothing(
        self, end: Callable[[Session], None]
    ) -> None:
        """After a rollback, no end, or a COMMIT that fails, no row is there, and no wake."""
        with Session(self.engine) as session:
            self.outbox.enqueue(session, parcel())
            end(session)

        assert self.due() == []
        assert self.woken == []

    def test_a_hook_before_the_commit_finds_nothing(self) -> None:
        """SQLAlchemy calls the hook when a SAVEPOINT is released: a relay sees no row yet."""
        with Session(self.engine) as session:
            session.execute(order())
            with session.begin_nested():
                self.outbox.enqueue(session, parcel())
            early = list(self.woken)
            session.rollback()

        assert early == self.woken == [[]]
        assert self.due() == []

    def test_a_session_within_an_outer_transaction_leaves_nothing(self) -> None:
        """The session's commit wakes the relay, which finds nothing; the outer rollback undoes."""
        with self.engine.connect() as connection:
            outer = connection.begin()
            with Session(connection, join_transaction_mode="rollback_only") as session:
                self.outbox.enqueue(session, parcel())
                session.commit()
            outer.rollback()

        assert self.due() == []
        assert not any(self.woken)

    def test_a_call_is_one_statement_on_postgresql_and_two_on_sqlite(self) -> None:
        """The number of events does not matter."""
        with Session(self.engine) as session:
            session.connection()
            with executed(self.engine) as seen:
                self.outbox.enqueue(session, *[parcel() for _ in range(100)])
                self.outbox.task(session, "shop.tasks.ship", queue="shipping")
            session.commit()

        messages = ["WITH"] if self.engine.dialect.name == "postgresql" else ["INSERT", "INSERT"]
        assert seen == [*messages, "INSERT"]

    def test_refusals_leave_the_transaction_usable(self) -> None:
        """An unwanted event and an unknown option raise, and the caller's work is committed."""
        task: Callable[..., UUID] = self.outbox.task
        unwanted = SyncTransactionalOutbox(tables, unwanted="refuse", wanted=())
        with Session(self.engine) as session:
            with pytest.raises(UnwantedEvent):
                unwanted.enqueue(session, parcel())
            with pytest.raises(TypeError):
                task(session, "shop.tasks.ship", queue="shipping", countdown=3)
            id_ = task(session, "shop.tasks.ship", queue="shipping")
            session.commit()

        assert self.due() == [id_]

    def test_an_event_is_stored_once(self) -> None:
        """The id of a stored event is refused."""
        event = parcel()
        with self.engine.begin() as connection:
            self.outbox.enqueue(connection, event)
        with Session(self.engine) as session, pytest.raises(MessageAlreadyStored):
            self.outbox.enqueue(session, event)
