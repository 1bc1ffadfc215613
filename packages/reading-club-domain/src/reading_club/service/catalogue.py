"""Port and types of the catalogue, the read model of books with their ratings."""

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
    """The mean of the ratings, 0 to 10; None without reviews."""


class BookRating(BaseModel):
    """The rating of a book in one version of a review."""

    model_config = ConfigDict(frozen=True)

    review_id: UUID
    book_id: UUID
    rating: int
    version: int


class Catalogue(Protocol):
    """The catalogue, written by the subscriber ``catalogue``. Events may arrive in any order."""

    async def put(self, entry: CatalogueEntry) -> None:
        """Add a book; a known id changes nothing. The entry's ratings and average are ignored."""

    async def rate(self, rating: BookRating) -> None:
        """Store a rating, unless this or a higher version of the review is stored already."""

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the entries by book id; a book that is not in the catalogue has none."""
        ...
