"""The rank of a book by its ratings, fair to books with few of them."""

from typing import Final

PRIOR_REVIEWS: Final = 5
PRIOR_RATING: Final = 5
"""Each rated book has this many imagined reviews, which gave this rating: the middle of 0 to 10."""
SCALE: Final = 1_000_000
"""A rank is a whole number, a mean of 10 being ten of these: it is the same in all storages."""
UNRATED: Final = 0
"""The rank of a book without ratings, which is below each rated one."""


def rank_of(reviews: int, total: int) -> int:
    """Return the rank of a book: a Bayesian average of ``reviews`` ratings whose sum is ``total``.

    It is the mean of the ratings and the imagined ones, in millionths, rounded down: one 10 gives
    less than fifty 9s. Without ratings it is UNRATED.
    """
    if reviews <= 0:
        return UNRATED
    return (PRIOR_REVIEWS * PRIOR_RATING + total) * SCALE // (PRIOR_REVIEWS + reviews)
