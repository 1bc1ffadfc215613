"""The contracts of repositories and unit of work on SQL, and tests of SQL alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from lastuuid import uuid7
from sqlalchemy import false, insert, select
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import orm, repositories
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import WriteConflict
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_event
from reading_club.testing.contracts import club
from reading_club.testing.contracts.club.book_changes_helpers import a_correction, a_registration


class TestUnitOfWork(club.UnitOfWorkContract):
    """The unit of work on SQL."""


class TestBooks(club.BookRepositoryContract):
    """The books on SQL."""

    @pytest.mark.parametrize("query", ["a\x00", "a\ud800"], ids=["NUL", "surrogate"])
    async def test_what_no_table_can_hold_is_not_found(
        self, uow: SQLUnitOfWork, query: str
    ) -> None:
        """A search for NUL or a lone surrogate finds no book, without an error."""
        async with uow as transaction:
            await transaction.uow.books.add(a_book(title="a"))
            assert list(await transaction.uow.books.page(query=query)) == []
            await transaction.rollback()


class TestBookCorrections(club.BookCorrectionsContract):
    """Corrections of books on SQL."""

    async def test_an_isbn_that_is_given_meanwhile_is_a_conflict(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A statement does not see what is not committed yet; the key of the table does."""
        monkeypatch.setattr(repositories, "_is_taken", lambda _: false())
        book, other = a_registration(), a_registration()
        await self.send(book, other)

        with pytest.raises(WriteConflict):
            await self.send(a_correction(book, isbn=other.isbn))

        assert (await self.book(book.id)).isbn == book.isbn


class TestBookWithdrawals(club.BookWithdrawalsContract):
    """Withdrawn books on SQL."""


class TestBookSearch(club.BookSearchContract):
    """Search and orders on SQL."""


class TestReviewers(club.ReviewerRepositoryContract):
    """The reviewers on SQL."""


class TestReviewLists(club.ReviewListsContract):
    """The lists of reviews on SQL."""


class TestReviews(club.ReviewRepositoryContract):
    """The reviews on SQL."""


class TestCatalogueVersions(club.CatalogueVersionsContract):
    """Versions of books in the catalogue on SQL."""


class TestCatalogue(club.CatalogueContract):
    """The catalogue on SQL."""


class TestTables:
    """The tables enforce the model's rules for every writer."""

    @pytest.mark.parametrize("rating", [-1, 11])
    async def test_a_rating_is_checked_by_the_table(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, rating: int
    ) -> None:
        """A row with a rating out of range is refused by the database itself."""
        book, reviewer = a_book(), a_reviewer()
        async with uow as transaction:
            await transaction.uow.books.add(book)
            await transaction.uow.reviewers.add(reviewer)
            await transaction.commit()

        row = {**a_review(book=book, reviewer=reviewer).model_dump(), "rating": rating}
        async with engine.connect() as connection:
            with pytest.raises(IntegrityError):
                await connection.execute(insert(orm.reviews).values(row))

    async def test_a_time_without_a_zone_is_refused(self, engine: AsyncEngine) -> None:
        """A naive datetime is a bug and does not reach the database."""
        naive = datetime(2026, 1, 1)  # noqa: DTZ001  # the naive datetime to refuse
        row = {"id": uuid7(), "type": "x", "occurred_at": naive, "payload": {}}
        async with engine.connect() as connection:
            with pytest.raises(StatementError, match="time zone"):
                await connection.execute(insert(orm.activity).values(row))

    async def test_the_database_says_when_a_row_was_inserted(self, engine: AsyncEngine) -> None:
        """Rows get the database's time, even if the process's clock is wrong."""
        event = an_event()
        event.created_at -= timedelta(days=9)
        async with SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction:
            await transaction.uow.books.add(a_book())
            await transaction.uow.messagestore.add(event)
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "activity"))
            await transaction.commit()

        ago, now = (DatabaseTime(seconds) for seconds in (-60.0, 0.0))
        for each in (orm.books.c.registered_at, orm.messages.c.recorded_at, orm.outbox.c.added_at):
            async with engine.connect() as connection:
                assert set(await connection.scalars(select(each.between(ago, now)))) == {True}

    async def test_a_message_is_kept_with_its_type(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """The table of messages can be queried by the type on the wire."""
        message = an_event()
        async with uow as transaction:
            await transaction.uow.messagestore.add(message)
            await transaction.commit()

        query = select(orm.messages.c.id, orm.messages.c.type)
        async with engine.connect() as connection:
            rows: Sequence[tuple[UUID, str]] = [
                (row.id, row.type) for row in await connection.execute(query)
            ]
        assert rows == [(message.message_id, "book_registered_v1")]
