"""What every catalogue promises."""

from itertools import permutations
from random import Random
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing.contracts.club.catalogue_helpers import (
    CatalogueFixtures,
    a_rating,
    an_entry,
)


class CatalogueContract(CatalogueFixtures):
    """Books and their ratings come in any order and any number; the highest version counts."""

    async def test_a_book_without_ratings_has_no_average(self) -> None:
        """The entry is returned as it was put."""
        entry = an_entry()
        await self.write(entry)

        assert await self.read(entry.book_id) == {entry.book_id: entry}

    async def test_a_book_is_put_once(self) -> None:
        """A second entry with a known id changes nothing."""
        entry = an_entry()
        await self.write(entry, entry.model_copy(update={"title": "Other"}))

        assert await self.read(entry.book_id) == {entry.book_id: entry}

    async def test_ratings_are_counted_and_averaged(self) -> None:
        """Each review counts once, for its own book."""
        book, other = an_entry("One"), an_entry("Other")
        ratings = [a_rating(book.book_id, rating) for rating in (10, 5, 0, 6)]
        await self.write(book, other, *ratings, a_rating(other.book_id, 1))

        found = await self.read(book.book_id, other.book_id)

        assert (found[book.book_id].ratings, found[book.book_id].average) == (4, 5.25)
        assert (found[other.book_id].ratings, found[other.book_id].average) == (1, 1.0)

    @pytest.mark.parametrize("together", [True, False], ids=["together", "one by one"])
    async def test_the_order_of_the_events_does_not_matter(self, *, together: bool) -> None:
        """Ratings may come before their book, and revisions before the first version."""
        book, review_id = an_entry(), uuid7()
        changes: list[CatalogueEntry | BookRating] = [book]
        changes += (a_rating(book.book_id, n, n, review_id) for n in (1, 2))
        for order in permutations(changes):
            new = {book.book_id: uuid7(), review_id: uuid7()}
            here = [_renamed(change, new) for change in order]
            for batch in [here, here] if together else [[change] for change in here]:
                await self.write(*batch)

            (found,) = (await self.read(new[book.book_id])).values()
            assert (found.ratings, found.average) == (1, 2.0)

    async def test_a_withdrawn_review_does_not_count(self) -> None:
        """A withdrawal takes the rating away, in any order, until the review is written again."""
        book, review_id = an_entry(), uuid7()
        versions = [a_rating(book.book_id, n, v, review_id) for v, n in ((1, 9), (2, None), (3, 4))]
        await self.write(book, a_rating(book.book_id, 10), versions[1], versions[0])
        (withdrawn,) = (await self.read(book.book_id)).values()
        await self.write(versions[2], versions[1])
        (again,) = (await self.read(book.book_id)).values()

        assert (withdrawn.ratings, withdrawn.average) == (1, 10.0)
        assert again.distribution == (0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1)

    async def test_a_review_has_the_version_that_is_counted(self) -> None:
        """It is the highest one that came, also of a withdrawn review; None before the first."""
        book, review_id = an_entry(), uuid7()
        versions = [a_rating(book.book_id, n, v, review_id) for v, n in ((1, 9), (2, 4), (3, None))]
        found = []
        for change in (book, versions[1], versions[0], versions[2]):
            await self.write(change)
            async with self.uow_factory() as transaction:
                found.append(await transaction.uow.catalogue.rated_version(review_id))
                await transaction.rollback()

        assert found == [None, 2, 2, 3]

    @pytest.mark.parametrize("seed", range(8))
    async def test_ratings_equal_a_recount(self, seed: int) -> None:
        """After batches of versions in any order, some of them twice, the counts are right."""
        chance = Random(seed)  # noqa: S311  # no secret
        books = [an_entry() for _ in range(3)]
        versions = [
            a_rating(chance.choice(books).book_id, chance.choice([*range(11), None]))
            for _ in range(20)
        ]
        versions += [
            first.model_copy(update={"rating": chance.choice([*range(11), None]), "version": n})
            for first in versions
            for n in range(2, chance.randrange(2, 5))
        ]
        delivered = versions + chance.sample(versions, len(versions) // 2)
        chance.shuffle(delivered)
        await self.write(*books)
        while delivered:
            size = chance.randrange(1, 12)
            await self.write(*delivered[:size])
            del delivered[:size]

        newest = {each.review_id: each for each in sorted(versions, key=lambda v: v.version)}
        expected = {book.book_id: [0] * 11 for book in books}
        for each in newest.values():
            if each.rating is not None:
                expected[each.book_id][each.rating] += 1
        found = await self.read(*expected)
        assert {id_: list(found[id_].distribution) for id_ in expected} == expected

    async def test_a_transaction_sees_what_it_wrote(self) -> None:
        """Several events in one transaction have the effect of several transactions."""
        book = an_entry()
        rating = a_rating(book.book_id, 4)
        async with self.uow_factory() as transaction:
            await transaction.uow.catalogue.rate(rating)
            await transaction.uow.catalogue.put(book)
            await transaction.uow.catalogue.rate(
                rating.model_copy(update={"rating": 9, "version": 2})
            )
            (found,) = (await transaction.uow.catalogue.entries([book.book_id])).values()
            assert (found.ratings, found.average) == (1, 9.0)
            await transaction.rollback()

    async def test_what_is_not_there_is_left_out(self) -> None:
        """Unknown books have no entry, even if rated; no ids give no entries."""
        unknown = uuid7()
        await self.write(a_rating(unknown, 7))

        assert await self.read(unknown) == {}
        assert await self.read() == {}


def _renamed(
    change: CatalogueEntry | BookRating, new: dict[UUID, UUID]
) -> CatalogueEntry | BookRating:
    update = {"book_id": new[change.book_id]}
    if isinstance(change, BookRating):
        update["review_id"] = new[change.review_id]
    return change.model_copy(update=update)
