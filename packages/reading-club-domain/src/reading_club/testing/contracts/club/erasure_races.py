"""What every storage promises about an erasure while its reviewer writes."""

import pytest

from reading_club.domain.errors import IdentifierTaken, ReviewerNotFound
from reading_club.domain.messages import (
    ClubCommand,
    CreateReview,
    CreateReviewer,
    EraseReviewer,
    ReviseReview,
)
from reading_club.eventstream.errors import TransientFailure
from reading_club.testing.contracts.club.erasure_helpers import COMMENT, NICKNAME, ErasureFixtures

REFUSED = (ReviewerNotFound, IdentifierTaken, TransientFailure)
KINDS = ["a review", "a revision", "the same revision", "the same nickname"]


class ErasureRacesContract(ErasureFixtures):
    """What is written at the same time as the erasure is erased as well, or refused."""

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("first", ["the words", "the erasure"])
    async def test_no_word_is_written_during_the_erasure(self, first: str, kind: str) -> None:
        """Whichever begins first, after an erasure that took effect no word is left."""
        reviewer_id, (review_id, *_) = await self.a_member()
        (book,) = await self.books(1)
        same = f"still {COMMENT}"
        words: dict[str, ClubCommand] = {
            "a review": CreateReview(
                book_id=book.id, reviewer_id=reviewer_id, rating=1, comment=COMMENT
            ),
            "a revision": ReviseReview(id=review_id, rating=1, comment=COMMENT),
            "the same revision": ReviseReview(id=review_id, rating=8, comment=same),
            "the same nickname": CreateReviewer(id=reviewer_id, nickname=NICKNAME),
        }
        both = (words[kind], EraseReviewer(id=reviewer_id))

        results = await self.overlap(*(both if first == "the words" else reversed(both)))

        errors = [result for result in results if isinstance(result, BaseException)]
        assert len(errors) < 2
        assert all(isinstance(error, REFUSED) for error in errors), errors
        reviewer = await self.run(lambda uow: uow.reviewers.get(reviewer_id))
        if not reviewer.erased:  # the words have won, and the erasure is to be repeated
            await self.send(EraseReviewer(id=reviewer_id))
        text = await self.payloads()
        assert COMMENT not in text
        assert NICKNAME not in text
        assert await self.run(lambda uow: uow.reviews.page(reviewer_id=reviewer_id)) == []
