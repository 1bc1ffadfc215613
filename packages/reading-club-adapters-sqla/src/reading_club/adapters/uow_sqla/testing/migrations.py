"""Tests of migrations: upgrade, downgrade, concurrency and existing rows."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.testing.older_release import book_row, insert_as_before
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book, Review
from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing.builders import a_book, a_review, a_reviewer
from reading_club.testing.contracts.eventstream import a_letter


class TestMigrations:
    """Upgrade and downgrade work, and the upgraded schema equals the metadata."""

    async def test_up_down_and_up_again(self, empty_engine: AsyncEngine) -> None:
        """Twice, an upgrade reaches the newest revision and a downgrade removes all tables."""
        assert await migrations.current(empty_engine) is None
        for _ in range(2):
            await migrations.upgrade(empty_engine)
            assert (await migrations.state(empty_engine)).kind == "current"
            await migrations.downgrade(empty_engine, "base")
            assert await migrations.current(empty_engine) is None
            assert await tables_of(empty_engine) == ["alembic_version"]

    async def test_two_at_once_wait_for_each_other(self, empty_engine: AsyncEngine) -> None:
        """Concurrent upgrades all succeed, and the schema is current."""
        await asyncio.gather(*[migrations.upgrade(empty_engine) for _ in range(3)])

        assert (await migrations.state(empty_engine)).kind == "current"

    async def test_they_make_the_tables_of_the_metadata(self, empty_engine: AsyncEngine) -> None:
        """Alembic finds no difference between the upgraded schema and the metadata."""
        await migrations.upgrade(empty_engine)

        async with empty_engine.connect() as connection:
            assert await connection.run_sync(differences) == []

    async def test_one_that_fails_changes_nothing(self, empty_engine: AsyncEngine) -> None:
        """An upgrade that meets an existing table is rolled back as a whole."""
        async with empty_engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE reviews (id INTEGER)")

        with pytest.raises(DBAPIError, match="reviews"):
            await migrations.upgrade(empty_engine)

        assert await tables_of(empty_engine) == ["reviews"]


class TestUpgrade:
    """A schema with rows can be upgraded."""

    async def test_the_event_stream_comes_to_a_club_that_is_there(
        self, empty_engine: AsyncEngine
    ) -> None:
        """All rows are kept, and the catalogue begins with the stored books and ratings."""
        await migrations.upgrade(empty_engine, "0001")
        book, unread, letter = a_book(title="É 🦉"), a_book(), a_letter()
        reviewers = [a_reviewer(), a_reviewer()]
        reviews = [a_review(book=book, reviewer=each, rating=7) for each in reviewers]
        reviews[0].revise(2, "no")
        old = letter.model_dump(exclude={"attempts", "parked"})
        await insert_as_before(empty_engine, "books", book_row(book), book_row(unread))
        known = [{**each.model_dump(), "nickname_key": each.nickname_key} for each in reviewers]
        await insert_as_before(empty_engine, "reviewers", *known)
        await insert_as_before(empty_engine, "reviews", *map(Review.model_dump, reviews))
        async with empty_engine.begin() as connection:
            await connection.execute(insert(orm.dead_letters).values(old))

        await migrations.upgrade(empty_engine)

        async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
            uow = transaction.uow
            assert list(await uow.books.page()) == [unread, book]
            assert [await uow.reviews.get(each.id) for each in reviews] == reviews
            assert list(await uow.dead_letters.page()) == [letter]
            assert await uow.catalogue.entries([book.id, unread.id]) == {
                book.id: entry(book, ratings=[2, 7]),
                unread.id: entry(unread),
            }
            await uow.catalogue.rate(rating(reviews[0], 1, version=1))
            await uow.catalogue.rate(rating(reviews[0], 4, version=3))
            rated = await uow.catalogue.entries([book.id])
            await transaction.rollback()
        assert rated[book.id].average == 5.5


def entry(book: Book, ratings: Sequence[int] = ()) -> CatalogueEntry:
    """Return the book's entry in the catalogue."""
    return CatalogueEntry(
        book_id=book.id,
        title=book.title,
        author=book.author,
        isbn=book.isbn_digits or "",
        distribution=tuple(ratings.count(number) for number in range(11)),
    )


def rating(review: Review, rating: int, version: int) -> BookRating:
    """Return a version of the review's rating."""
    return BookRating(review_id=review.id, book_id=review.book_id, rating=rating, version=version)


async def tables_of(engine: AsyncEngine) -> list[str]:
    """Return the names of the tables of a database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: inspect(sync).get_table_names())


def differences(connection: Connection) -> list[Any]:
    """Return Alembic's differences between the schema and the metadata."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), metadata))
