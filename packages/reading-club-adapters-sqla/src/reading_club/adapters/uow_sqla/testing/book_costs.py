"""Tests of the numbers of statements of commands that change books."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import (
    InMemoryEventstreamTransport,
    RecordingOutboxTransport,
)
from reading_club.adapters.uow_sqla.testing.fixtures import statements
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import ClubCommand, CorrectBook, WithdrawBook
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import a_book, a_review, a_reviewer

BOOK, REVIEWERS = a_book(), [a_reviewer() for _ in range(3)]
CHANGE = ["SELECT", "UPDATE", "DELETE"]
"""The book is read and locked, and updated; its words are deleted."""


class TestBookCosts:
    """Statements do not depend on the number of words, or of reviews that go along."""

    @pytest.mark.parametrize(
        ("command", "cost"),
        [
            (
                CorrectBook(id=BOOK.id, title="T", author="A", corrected_by=REVIEWERS[0].id),
                [*CHANGE, "INSERT"],
            ),
            (
                WithdrawBook(id=BOOK.id, withdrawn_by=REVIEWERS[0].id),
                [*CHANGE, "SELECT", "UPDATE", "SELECT"],
            ),
        ],
        ids=lambda value: type(value).__name__,
    )
    async def test_a_change_of_a_book_costs_few_statements(
        self, engine: AsyncEngine, bus: ClubBus, command: ClubCommand, cost: list[str]
    ) -> None:
        """Beside them are those of its messages and outbox rows."""
        async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine) as transaction:
            await transaction.uow.books.add(BOOK)
            for reviewer in REVIEWERS:
                await transaction.uow.reviewers.add(reviewer)
                await transaction.uow.reviews.add(a_review(book=BOOK, reviewer=reviewer))
            await transaction.commit()

        recording = SQLUnitOfWork(RecordingOutboxTransport(), engine)
        async with statements(engine) as seen, recording as transaction:
            await bus.handle(command, transaction)
            await transaction.commit()

        messages = ["WITH"] if engine.dialect.name == "postgresql" else ["INSERT", "INSERT"]
        assert seen == ["BEGIN", *cost, *messages, "COMMIT"]
