"""Tests of an erasure while events wait, fail and arrive late: no table has a word afterwards."""

from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.testing.erasure_story import COMMENT, NICKNAME, Story, words_in
from reading_club.adapters.uow_sqla.testing.fixtures import statements
from reading_club.domain.messages import (
    ClubCommand,
    CreateReview,
    CreateReviewer,
    EraseReviewer,
    RegisterBook,
)
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import an_isbn


class TestErasedTables:
    """After an erasure no table holds a word, whatever waits, fails and arrives late."""

    async def test_no_column_of_any_table_has_a_word(
        self, engine: AsyncEngine, bus: ClubBus
    ) -> None:
        """One subscriber was stopped, the other had dead letters, and copies come late."""
        story = Story(engine, bus)

        await story.tell(await story.join())

        assert await words_in(engine) == set()
        async with story.make_uow() as transaction:
            (book,) = await transaction.uow.books.page()
            entries = await transaction.uow.catalogue.entries([book.id])
            log = await transaction.uow.activity.page()
            await transaction.rollback()
        assert entries[book.id].ratings == 0
        assert len(log) == len(story.transport.events)

    async def test_two_thousand_reviews_are_erased_by_few_statements(
        self, engine: AsyncEngine, bus: ClubBus
    ) -> None:
        """The erasure takes statements by the hundred rows, not by the review."""
        story, reviewer = Story(engine, bus), CreateReviewer(nickname=NICKNAME)
        await story.send(reviewer)
        for _ in range(4):
            rated = [each for _ in range(500) for each in a_reviewed_book(reviewer)]
            await story.send_together(*rated)

        async with statements(engine) as seen:
            await story.send(EraseReviewer(id=reviewer.id))

        assert await words_in(engine) == set()
        assert len(seen) < 70


def a_reviewed_book(reviewer: CreateReviewer) -> list[ClubCommand]:
    """Return the commands that register a book and review it."""
    book = RegisterBook(isbn=an_isbn(), title="T", author="A")
    rate = CreateReview(book_id=book.id, reviewer_id=reviewer.id, rating=7, comment=COMMENT)
    return [book, rate]
