"""The read model of the shelf: every book, and what its readers think of it."""

from collections.abc import Collection, Mapping
from typing import Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class CatalogueEntry(BaseModel):
    """A book in the catalogue."""

    model_config = ConfigDict(frozen=True)

    book_id: UUID
    title: str
    author: str
    isbn: str
    """The canonical ISBN-13."""
    ratings: int = 0
    """How many reviews the book has."""
    average: float | None = None
    """The mean of their ratings, 0 to 10; None without any."""


class BookRating(BaseModel):
    """What a version of a review says of a book."""

    model_config = ConfigDict(frozen=True)

    review_id: UUID
    book_id: UUID
    rating: int
    version: int


class Catalogue(Protocol):
    """The catalogue, as the subscriber ``catalogue`` writes it. Events may come in any order."""

    async def put(self, entry: CatalogueEntry) -> None:
        """Add a book; one with a known id changes nothing. Its ratings are counted, not taken."""

    async def rate(self, rating: BookRating) -> None:
        """Take a rating, unless the review's is known in this version or in a higher one."""

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the entries of those of these books that are in the catalogue."""
        ...
