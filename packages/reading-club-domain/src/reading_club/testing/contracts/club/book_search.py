"""What every search of books promises, and every order."""

from random import Random
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.model import Book
from reading_club.service.book_pages import BookCursor, BookOrder
from reading_club.service.catalogue import BookRating, CatalogueEntry, rank_of
from reading_club.testing.builders import a_book
from reading_club.testing.contracts.club.books import store
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


async def rate(uow_factory: UnitOfWorkFactory, book: Book, *ratings: BookRating) -> None:
    """Put a book into the catalogue, with ratings, one transaction for each."""
    entry = CatalogueEntry(
        book_id=book.id, title=book.title, author=book.author, isbn=book.isbn_digits or ""
    )
    changes: list[CatalogueEntry | BookRating] = [entry, *ratings]
    for change in changes:
        async with uow_factory() as transaction:
            if isinstance(change, CatalogueEntry):
                await transaction.uow.catalogue.put(change)
            else:
                await transaction.uow.catalogue.rate(change)
            await transaction.commit()


def ratings_of(book: Book, *ratings: int | None) -> list[BookRating]:
    """Return one rating a review."""
    return [
        BookRating(review_id=uuid7(), book_id=book.id, rating=each, version=1) for each in ratings
    ]


class BookSearchContract:
    """All words of a query are found, in any order; lists have orders, and pages in each."""

    async def listed(
        self,
        uow_factory: UnitOfWorkFactory,
        *,
        query: str = "",
        order: BookOrder = "newest",
        limit: int = 50,
    ) -> list[UUID]:
        """Return the ids of all pages."""
        found: list[UUID] = []
        before: BookCursor | None = None
        async with uow_factory() as transaction:
            while True:
                page = await transaction.uow.books.page(
                    query=query, order=order, before=before, limit=limit
                )
                found += [book.id for book in page]
                if page.following is None:
                    break
                assert len(page) == limit
                before = BookCursor.parse(str(page.following))
            await transaction.rollback()
        return found

    @pytest.mark.parametrize(
        ("query", "is_found"),
        [
            ("evans domain", True),
            ("DRIVEN eric dom", True),
            ("domain nobody", False),
            ("evans other", False),
            ("other evans domain", False),
            ("omain", False),
            ("obrien", True),
            ("o'brien", True),
            ("brien", True),
            ("c++", True),
            ("楼梦", True),
            ("红 梦", True),
            ("梦楼", False),
            ("0-321-125", True),
            ("032112", True),
            ("evans 978-0-321", True),
            ("321125", False),
            ("domain & evans -", True),
            ("!?", False),
        ],
    )
    async def test_all_words_are_found_by_their_beginnings(
        self, uow_factory: UnitOfWorkFactory, query: str, *, is_found: bool
    ) -> None:
        """A word is found by its beginning, a script without spaces by any part."""
        wanted = a_book(
            isbn="0321125215",
            title="Domain-Driven Design in C++ 红楼梦",
            author="Éric Evans, Flann O'Brien",
        )
        await store(uow_factory, wanted, a_book(title="Other", author="Domain"))

        for order in ("newest", "title", "author"):
            found = await self.listed(uow_factory, query=query, order=order)
            assert found == [wanted.id] * is_found

    async def test_titles_and_authors_are_sorted_without_case_and_accents(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """An article stays; books of one author are sorted by title, equal ones by id."""
        books = [
            a_book(id=UUID(int=3), title="Émile", author="b"),
            a_book(id=UUID(int=2), title="«emile»", author="B"),
            a_book(id=UUID(int=1), title="The end", author="Á"),
            a_book(id=UUID(int=4), title="A start", author="b"),
        ]
        await store(uow_factory, *books)

        for limit in (1, 2, 50):
            titles = await self.listed(uow_factory, order="title", limit=limit)
            authors = await self.listed(uow_factory, order="author", limit=limit)
            assert [id_.int for id_ in titles] == [4, 2, 3, 1]
            assert [id_.int for id_ in authors] == [1, 4, 2, 3]

    async def test_few_ratings_do_not_outrank_many(self, uow_factory: UnitOfWorkFactory) -> None:
        """One 10 is below ten 9s; withdrawn ratings do not count; unrated books are last."""
        one, many, bad, unrated, withdrawn = (a_book(id=UUID(int=n)) for n in range(1, 6))
        await store(uow_factory, one, many, bad, unrated, withdrawn)
        await rate(uow_factory, one, *ratings_of(one, 10))
        await rate(uow_factory, many, *ratings_of(many, *[9] * 10))
        await rate(uow_factory, bad, *ratings_of(bad, 0))
        await rate(uow_factory, unrated)
        (first,) = ratings_of(withdrawn, 10)
        gone = first.model_copy(update={"rating": None, "version": 2})
        await rate(uow_factory, withdrawn, first, gone, first)

        for limit in (1, 2, 50):
            best = await self.listed(uow_factory, order="best", limit=limit)
            assert [id_.int for id_ in best] == [2, 1, 3, 5, 4]

    @pytest.mark.parametrize("seed", range(3))
    async def test_ranks_equal_a_recount(self, uow_factory: UnitOfWorkFactory, seed: int) -> None:
        """After versions of ratings in any order, some of them twice, the order is right."""
        chance = Random(seed)  # noqa: S311  # no secret
        books = [a_book(title=f"Ranked {number}") for number in range(4)]
        await store(uow_factory, *books)
        versions = [
            first.model_copy(update={"rating": chance.choice([*range(11), None]), "version": n})
            for book in books
            for first in ratings_of(book, 5, 5, 5)
            for n in (1, 2)
        ]
        delivered = versions + chance.sample(versions, 8)
        chance.shuffle(delivered)
        async with uow_factory() as transaction:
            for each in delivered[:9]:
                await transaction.uow.catalogue.rate(each)
            await transaction.commit()
        for number, book in enumerate(books):
            await rate(uow_factory, book, *delivered[9 + number :: 4])

        ranks = {}
        for book in books:
            last = [v.rating for v in versions if (v.book_id, v.version) == (book.id, 2)]
            counted = [rating for rating in last if rating is not None]
            ranks[book.id] = (rank_of(len(counted), sum(counted)), book.id)
        expected = sorted(ranks, key=lambda id_: ranks[id_], reverse=True)
        for query in ("", "ranked"):
            assert await self.listed(uow_factory, order="best", query=query) == expected

    async def test_a_cursor_of_another_order_is_refused(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A list goes on in its own order only."""
        async with uow_factory() as transaction:
            with pytest.raises(ValueError, match="order"):
                await transaction.uow.books.page(order="title", before=UUID(int=1))
            await transaction.rollback()
