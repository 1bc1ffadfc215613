"""The aggregates. They record events, which the unit of work collects."""

from typing import Final, Self
from uuid import UUID

from reading_club.domain.aggregate import Aggregate, VersionedAggregate
from reading_club.domain.book import Book
from reading_club.domain.messages import (
    ReviewCreated,
    ReviewerCreated,
    ReviewerErased,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.domain.text import Comment, Nickname, Rating, nickname_key

__all__ = ["FORMER_MEMBER", "Aggregate", "Book", "Review", "Reviewer", "VersionedAggregate"]

FORMER_MEMBER: Final = "a former member"
"""The nickname of every erased reviewer."""


class Reviewer(Aggregate):
    """A member of the club."""

    nickname: Nickname
    erased: bool = False
    """Whether the reviewer took all words along: the nickname is FORMER_MEMBER."""

    @property
    def nickname_key(self) -> str:
        """The unique form of the nickname, see ``nickname_key``.

        An erased reviewer has a key in capitals, which no nickname has: the nickname is free.
        """
        return f"ERASED {self.id}" if self.erased else nickname_key(self.nickname)

    @classmethod
    def create(cls, id: UUID, nickname: str) -> Self:
        """Return a new reviewer, who has recorded ReviewerCreated."""
        reviewer = cls(id=id, nickname=nickname)
        reviewer.messages.append(ReviewerCreated(id=id, nickname=reviewer.nickname))
        return reviewer

    def erase(self) -> None:
        """Drop the nickname, and record ReviewerErased; an erased reviewer does not change."""
        if self.erased:
            return
        self.nickname = FORMER_MEMBER
        self.erased = True
        self.messages.append(ReviewerErased(id=self.id))


class Review(VersionedAggregate):
    """A reviewer's rating of a book, with a comment."""

    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: Comment = ""
    withdrawn: bool = False
    """Whether the reviewer took it back: its comment is empty, and its rating does not count."""

    @classmethod
    def create(
        cls, id: UUID, book_id: UUID, reviewer_id: UUID, rating: int, comment: str = ""
    ) -> Self:
        """Return a new review, which has recorded ReviewCreated."""
        review = cls(
            id=id, book_id=book_id, reviewer_id=reviewer_id, rating=rating, comment=comment
        )
        review.messages.append(ReviewCreated(**review.model_dump(exclude={"withdrawn"})))
        return review

    def revise(self, rating: int, comment: str) -> None:
        """Replace rating and comment and record ReviewRevised; equal values change nothing.

        A withdrawn review is written again.
        """
        if (self.rating, self.comment, self.withdrawn) == (rating, comment, False):
            return
        self.rating = rating
        self.comment = comment
        self.withdrawn = False
        self.version += 1
        self.messages.append(ReviewRevised(**self.model_dump(exclude={"withdrawn"})))

    def withdraw(self, by: UUID) -> None:
        """Drop the comment, and record ReviewWithdrawn; a withdrawn review does not change."""
        if self.withdrawn:
            return
        self.comment = ""
        self.withdrawn = True
        self.version += 1
        said = self.model_dump(include={"id", "book_id", "reviewer_id", "version"})
        self.messages.append(ReviewWithdrawn(**said, withdrawn_by=by))
