"""Tests of rows, written by an older release or by SQL, that today's rules refuse."""

import pytest
from lastuuid import uuid7
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.testing.builders import a_book, a_reviewer

REFUSED = ("bell\x07", "Z" + "\u0310" * 9, "evil\u202etxt", "two\nlines", " ", "")


async def store(engine: AsyncEngine, table: Table, **row: object) -> None:
    """Insert a row without validation."""
    async with engine.begin() as connection:
        await connection.execute(insert(table).values(row))


class TestStoredRows:
    """Stored rows are loaded unchanged: a page with an invalid row is listed."""

    @pytest.mark.parametrize("title", REFUSED)
    async def test_a_book_that_no_rule_accepts_is_loaded_as_it_is(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, title: str
    ) -> None:
        """An invalid book is listed beside others and found by its id, its texts unchanged."""
        odd = uuid7()
        await store(engine, orm.books, id=odd, title=title, author=title, isbn="12-x", search="")

        async with uow as transaction:
            books = transaction.uow.books
            sound = a_book()
            await books.add(sound)
            listed = {book.id: book for book in await books.page()}
            found = await books.get(odd)
            await transaction.rollback()

        assert listed.keys() == {odd, sound.id}
        for book in (found, listed[odd]):
            assert (book.title, book.author) == (title, title)
            assert book.isbn is not None
            assert (book.isbn.canonical, book.isbn.hyphenated, f"{book.isbn}") == ("12-x",) * 3
            assert book.messages == []

    @pytest.mark.parametrize("text", REFUSED)
    async def test_what_readers_once_wrote_is_loaded_as_it_is(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, text: str
    ) -> None:
        """An invalid nickname and comment are loaded unchanged, and the review can be revised."""
        book, reader, review = a_book(), uuid7(), uuid7()
        async with uow as transaction:
            await transaction.uow.books.add(book)
            await transaction.commit()
        await store(engine, orm.reviewers, id=reader, nickname=text, nickname_key=text)
        row = {"book_id": book.id, "reviewer_id": reader, "rating": 7, "comment": text}
        await store(engine, orm.reviews, id=review, version=1, **row)

        async with uow as transaction:
            assert (await transaction.uow.reviewers.get(reader)).nickname == text
            stored = await transaction.uow.reviews.get(review)
            assert (stored.comment, stored.rating, stored.version) == (text, 7, 1)
            stored.revise(8, "better now")
            await transaction.uow.reviews.update(stored)
            await transaction.uow.reviewers.add(a_reviewer())
            await transaction.commit()
