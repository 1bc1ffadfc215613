"""Tests of the numbers of statements and round trips of the event stream."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import (
    InMemoryEventstreamTransport,
    RecordingOutboxTransport,
)
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.testing.fixtures import checked_out, statements
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import (
    ClubCommand,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviseReview,
    WithdrawReview,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.wire import wire_type
from reading_club.service.activity import ActivityEntry
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_event, an_isbn
from reading_club.testing.contracts.eventstream import UnitOfWorkOn

BOOK, REVIEWER, NEWCOMER = a_book(), a_reviewer(), a_reviewer()
REVIEW = a_review(book=BOOK, reviewer=REVIEWER)
WINDOW, BATCH = 500, 100


class TestTransactionCosts:
    """A transaction has one BEGIN and one COMMIT on every engine, and none without statements."""

    async def test_messages_without_an_outbox_cost_one_statement(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, bus: ClubBus
    ) -> None:
        """Without an outbox, command and event are one INSERT beside the two of a new book."""
        command = RegisterBook(isbn=an_isbn(), title="Counted", author="A")
        async with statements(engine) as seen, uow as transaction:
            await bus.handle(command, transaction)
            await transaction.commit()

        assert seen == ["BEGIN", "INSERT", "INSERT", "INSERT", "COMMIT"]

    async def test_a_transaction_without_statements_costs_nothing(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """An empty transaction sends no statement, not even BEGIN."""
        async with statements(engine) as seen, uow as transaction:
            await transaction.commit()

        assert seen == []

    async def test_reading_costs_no_round_trip_more_on_postgresql(
        self, engine: AsyncEngine
    ) -> None:
        """A unit of work that only reads sends its SELECT alone there, and has no open end."""
        reader = SQLUnitOfWork(InMemoryEventstreamTransport(), engine, read_only=True)
        async with statements(engine) as seen, reader as transaction:
            await transaction.uow.books.find(BOOK.id)
            await transaction.rollback()

        assert seen == (["SELECT"] if engine.dialect.name == "postgresql" else ["BEGIN", "SELECT"])
        assert checked_out(engine) == 0

    async def test_what_only_reads_refuses_to_write(self, engine: AsyncEngine) -> None:
        """A write raises TypeError, also after a read, and stores nothing."""
        reader = SQLUnitOfWork(InMemoryEventstreamTransport(), engine, read_only=True)
        async with reader as transaction:
            assert await transaction.uow.books.find(BOOK.id) is None
            with pytest.raises(TypeError, match="only reads"):
                await transaction.uow.books.add(BOOK)
            assert await transaction.uow.books.find(BOOK.id) is None
            await transaction.rollback()


class TestCosts:
    """A command takes few statements, and an event of a batch at most 0.05 of one."""

    @pytest.mark.parametrize(
        ("command", "cost"),
        [
            (RegisterBook(isbn=an_isbn(), title="T", author="A"), ["INSERT", "INSERT"]),
            (CreateReviewer(nickname="somebody"), ["INSERT"]),
            (
                CreateReview(book_id=BOOK.id, reviewer_id=NEWCOMER.id, rating=3),
                ["INSERT"],
            ),
            (ReviseReview(id=REVIEW.id, rating=1), ["SELECT", "UPDATE"]),
            (WithdrawReview(id=REVIEW.id, withdrawn_by=REVIEWER.id), ["SELECT", "UPDATE"]),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_a_command_costs_its_own_statements_and_its_messages(
        self, engine: AsyncEngine, bus: ClubBus, command: ClubCommand, cost: list[str]
    ) -> None:
        """Messages and outbox rows take one INSERT on PostgreSQL and two on SQLite."""
        async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine) as transaction:
            await transaction.uow.books.add(BOOK)
            await transaction.uow.reviewers.add(REVIEWER)
            await transaction.uow.reviewers.add(NEWCOMER)
            await transaction.uow.reviews.add(REVIEW)
            await transaction.commit()

        async with (
            statements(engine) as seen,
            SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction,
        ):
            await bus.handle(command, transaction)
            await transaction.commit()

        messages = ["WITH"] if engine.dialect.name == "postgresql" else ["INSERT", "INSERT"]
        assert seen == ["BEGIN", *cost, *messages, "COMMIT"]

    async def test_a_full_window_is_relayed_by_seven_round_trips(
        self, engine: AsyncEngine, uow_on: UnitOfWorkOn, outbox: SQLOutbox
    ) -> None:
        """Claiming and deleting 500 events takes two transactions with three statements."""
        async with uow_on(RecordingOutboxTransport()) as transaction:
            for _ in range(WINDOW):
                await transaction.uow.messagestore.add(an_event())
            await transaction.commit()
        lease = Lease(30.0)

        async with statements(engine) as seen:
            events = await outbox.claim(WINDOW, lease)
            await outbox.delete(lease.token, [event.key for event in events])

        assert len(events) == WINDOW
        assert seen == ["BEGIN", "WITH", "SELECT", "COMMIT", "BEGIN", "DELETE", "COMMIT"]
        assert len(seen) / WINDOW <= 0.05
        assert await outbox.claim(1, lease) == []

    async def test_contexts_of_claimed_rows_cost_no_statement_more(
        self, engine: AsyncEngine, uow_on: UnitOfWorkOn, outbox: SQLOutbox
    ) -> None:
        """One SELECT reads stored envelopes and contexts, also of rows with an envelope."""
        async with uow_on(RecordingOutboxTransport()) as transaction:
            for event in (an_event(), an_event()):
                await transaction.uow.messagestore.add(event)
                await transaction.uow.outbox.add(OutboxKey(event.message_id, "x"), {"id": "1"})
            await transaction.commit()

        async with statements(engine) as seen:
            assert len(await outbox.claim(WINDOW, Lease(30.0))) == 4

        assert seen == ["BEGIN", "WITH", "SELECT", "COMMIT"]

    async def test_an_empty_outbox_is_asked_by_one_statement(
        self, engine: AsyncEngine, outbox: SQLOutbox
    ) -> None:
        """Polling an empty outbox takes one transaction with one statement."""
        async with statements(engine) as seen:
            assert await outbox.claim(WINDOW, Lease(30.0)) == []

        assert seen == ["BEGIN", "WITH", "COMMIT"]

    async def test_a_batch_of_events_takes_effect_by_six_round_trips(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """INSERTs of inbox rows, of all entries and of their positions; a look at generations."""
        events = [an_event() for _ in range(BATCH)]

        async with statements(engine) as seen, uow as transaction:
            receipts = [InboxKey("activity", event.message_id) for event in events]
            assert len(await transaction.uow.inbox.insert_new_many(receipts)) == BATCH
            for event in events:
                await transaction.uow.activity.record(ActivityEntry.of(event))
            await transaction.commit()

        assert seen == ["BEGIN", "INSERT", "SELECT", "INSERT", "INSERT", "COMMIT"]
        assert len(seen) / BATCH <= 0.06

    async def test_what_is_missing_is_sent_again_by_few_statements(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """One SELECT, an INSERT of outbox rows and one of re-sends, for any number of events."""
        event = an_event()
        async with uow as transaction:
            await transaction.uow.subscriptions.subscribe("activity", [wire_type(type(event))])
            await transaction.commit()
        async with uow as transaction:
            for _ in range(BATCH):
                await transaction.uow.messagestore.add(an_event())
            await transaction.commit()

        async with statements(engine) as seen, uow as transaction:
            found = await transaction.uow.subscriptions.requeue_missing(
                "activity", idle=True, after=0.0, horizon=60.0, limit=BATCH
            )
            await transaction.commit()

        assert found == BATCH
        assert seen == ["BEGIN", "SELECT", "INSERT", "INSERT", "COMMIT"]
