"""Tests of the migration to books that are corrected, withdrawn or without an ISBN."""

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.testing.older_release import book_row, insert_as_before
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book, Review
from reading_club.testing.builders import a_book, a_review, a_reviewer

BEFORE = "0013"


async def reviewed_before(engine: AsyncEngine) -> tuple[Book, Review]:
    """Migrate to the schema before, and store a book with a review."""
    await migrations.upgrade(engine, BEFORE)
    book, reviewer = a_book(), a_reviewer()
    review = a_review(book=book, reviewer=reviewer)
    await insert_as_before(engine, "books", book_row(book))
    known = {**reviewer.model_dump(), "nickname_key": reviewer.nickname_key}
    await insert_as_before(engine, "reviewers", known)
    await insert_as_before(engine, "reviews", review.model_dump())
    return book, review


class TestBookMigration:
    """Books with reviews get the new columns; what refers to them goes on doing so."""

    async def test_books_and_their_reviews_are_kept(self, empty_engine: AsyncEngine) -> None:
        """Each book has version 1 and its time, and a newer row gets its time as well."""
        book, review = await reviewed_before(empty_engine)

        await migrations.upgrade(empty_engine)
        await insert_as_before(empty_engine, "books", book_row(a_book()))

        async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
            assert await transaction.uow.books.get(book.id) == book
            assert await transaction.uow.reviews.get(review.id) == review
            await transaction.rollback()
        async with empty_engine.connect() as connection:
            timeless = select(func.count()).where(orm.books.c.registered_at.is_(None))
            assert await connection.scalar(timeless) == 0

    async def test_a_review_still_needs_its_book(self, empty_engine: AsyncEngine) -> None:
        """The reference is checked after the migration, on its connection and on others."""
        book, review = await reviewed_before(empty_engine)
        await migrations.upgrade(empty_engine)

        async with empty_engine.connect() as connection:
            with pytest.raises(IntegrityError):
                await connection.execute(orm.books.delete().where(orm.books.c.id == book.id))
            await connection.rollback()
            lonely = {**review.model_dump(), "id": book.id, "book_id": review.id}
            with pytest.raises(IntegrityError):
                await connection.execute(insert(orm.reviews).values(lonely))

    async def test_the_way_back_keeps_what_can_be_kept(self, empty_engine: AsyncEngine) -> None:
        """A book without an ISBN goes with its reviews, another one stays with its own."""
        book, review = await reviewed_before(empty_engine)
        await migrations.upgrade(empty_engine)
        async with empty_engine.begin() as connection:
            odd = insert(orm.books).values(id=review.id, title="T", author="A", isbn=None)
            await connection.execute(odd)

        await migrations.downgrade(empty_engine, BEFORE)

        async with empty_engine.connect() as connection:
            ids = set(await connection.scalars(select(orm.books.c.id)))
            reviews = set(await connection.scalars(select(orm.reviews.c.id)))
        assert (ids, reviews) == ({book.id}, {review.id})
        await migrations.upgrade(empty_engine)

    async def test_a_migration_that_loses_a_reference_is_undone(
        self, empty_engine: AsyncEngine
    ) -> None:
        """On SQLite, where references are unchecked meanwhile, they are checked at the end."""
        if empty_engine.dialect.name != "sqlite":
            return
        book, review = await reviewed_before(empty_engine)
        async with empty_engine.connect() as connection:
            await connection.execute(text("PRAGMA foreign_keys = OFF"))
            lost = update(orm.reviews).where(orm.reviews.c.id == review.id)
            await connection.execute(lost.values(book_id=review.id))
            await connection.commit()
            await connection.execute(text("PRAGMA foreign_keys = ON"))

        with pytest.raises(RuntimeError, match="reviews would refer to no row of books"):
            await migrations.upgrade(empty_engine)

        assert await migrations.current(empty_engine) == BEFORE
        assert book.version == 1
