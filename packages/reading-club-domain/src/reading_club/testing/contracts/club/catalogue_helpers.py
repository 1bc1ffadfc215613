"""Entries and ratings, written and read, for the contracts about the catalogue."""

from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.service.catalogue import BookRating, CatalogueEntry
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


def an_entry(title: str = "Domain-Driven Design") -> CatalogueEntry:
    """Return a catalogue entry without ratings."""
    return CatalogueEntry(book_id=uuid7(), title=title, author="Eric Evans", isbn="9780321125217")


def a_rating(
    book_id: UUID, rating: int | None, version: int = 1, review_id: UUID | None = None
) -> BookRating:
    """Return the rating of one version of a review."""
    return BookRating(
        review_id=review_id or uuid7(), book_id=book_id, rating=rating, version=version
    )


class CatalogueFixtures:
    """The storage, as methods of a contract."""

    @pytest.fixture(autouse=True)
    def _storage(self, uow_factory: UnitOfWorkFactory) -> None:
        self.uow_factory = uow_factory

    async def write(self, *changes: CatalogueEntry | BookRating) -> None:
        """Write the changes in their order."""
        async with self.uow_factory() as transaction:
            for change in changes:
                if isinstance(change, CatalogueEntry):
                    await transaction.uow.catalogue.put(change)
                else:
                    await transaction.uow.catalogue.rate(change)
            await transaction.commit()

    async def read(self, *book_ids: UUID) -> dict[UUID, CatalogueEntry]:
        """Return the entries of these books."""
        async with self.uow_factory() as transaction:
            entries = await transaction.uow.catalogue.entries(book_ids)
            await transaction.rollback()
        return dict(entries)
