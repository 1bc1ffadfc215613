"""Port and types of the catalogue, the read model of books with their ratings."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

PRIOR_REVIEWS: Final = 5
PRIOR_RATING: Final = 5
"""Each rated book has this many imagined reviews, which gave this rating: the middle of 0 to 10."""
RANK_SCALE: Final = 1_000_000
"""A rank is a whole number, a mean of 10 being ten of these: it is the same in all storages."""
UNRATED: Final = 0
"""The rank of a book without ratings. That of a rated one is higher."""


def rank_of(reviews: int, total: int) -> int:
    """Return the rank of a book: a Bayesian average of ``reviews`` ratings whose sum is ``total``.

    It is the mean of the ratings and the imagined ones, in millionths, rounded down: one 10 gives
    less than fifty 9s. Without ratings it is UNRATED.
    """
    if reviews == 0:
        return UNRATED
    return (PRIOR_REVIEWS * PRIOR_RATING + total) * RANK_SCALE // (PRIOR_REVIEWS + reviews)


Distribution = Annotated[tuple[int, ...], Field(min_length=11, max_length=11)]


class CatalogueEntry(BaseModel):
    """A book in the catalogue."""

    model_config = ConfigDict(frozen=True)

    book_id: UUID
    title: str
    author: str
    isbn: str
    """The canonical ISBN-13, empty for a book without one."""
    version: int = 1
    """The version of the book; a registration is the first."""
    withdrawn: bool = False
    """Whether the book was withdrawn, which is a version too: such an entry is not returned."""
    distribution: Distribution = (0,) * 11
    """How many reviews gave the rating 0, 1, … 10."""

    @property
    def ratings(self) -> int:
        """How many reviews the book has."""
        return sum(self.distribution)

    @property
    def average(self) -> float | None:
        """The mean of the ratings, 0 to 10; None without reviews."""
        total = sum(rating * number for rating, number in enumerate(self.distribution))
        return total / self.ratings if self.ratings else None


class BookRating(BaseModel):
    """The rating of a book in one version of a review."""

    model_config = ConfigDict(frozen=True)

    review_id: UUID
    book_id: UUID
    rating: int | None
    """0 to 10; None if the review was withdrawn."""
    version: int


class Catalogue(Protocol):
    """The catalogue, written by the subscriber ``catalogue``. Events may arrive in any order."""

    async def put(self, entry: CatalogueEntry) -> None:
        """Store a book, unless this or a higher version of it is stored already.

        The entry's distribution is ignored.
        """

    async def rate(self, rating: BookRating) -> None:
        """Store a rating, unless this or a higher version of the review is stored already."""

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the entries by book id; a book that is unknown or withdrawn has none."""
        ...

    async def rated_version(self, review_id: UUID) -> int | None:
        """Return the version of the review that the ratings have, None before the first.

        A withdrawn review has the version of its withdrawal.
        """
        ...
