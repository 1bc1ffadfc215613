"""The aggregates. They record events, which the unit of work collects."""

import unicodedata
from typing import Any, Self, cast
from uuid import UUID

from messagebus import Model
from pydantic import ConfigDict, Field

from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import (
    BookRegistered,
    ReviewCreated,
    ReviewerCreated,
    ReviewRevised,
)
from reading_club.domain.text import Author, Comment, Nickname, Rating, Title, casefold_unaccented


class Aggregate(Model):
    """Base of the aggregates: an identity, stored and loaded as a whole."""

    model_config = ConfigDict(validate_assignment=True)

    id: UUID

    @classmethod
    def reconstitute(cls, **fields: Any) -> Self:
        """Return the stored aggregate without validation, as later rules may refuse it.

        Fields that the aggregate does not have are ignored.
        """
        stored = cls.model_construct(messages=[], **fields)
        return cast("Self", stored)


class Book(Aggregate):
    """A book of the club."""

    title: Title
    author: Author
    isbn: Isbn

    @property
    def search_text(self) -> str:
        """The text that is searched: title, author and ISBN, without case and accents."""
        return casefold_unaccented(f"{self.title}\n{self.author}\n{self.isbn.canonical}")

    @classmethod
    def reconstitute(cls, **fields: Any) -> Self:
        """Return the stored book without validation."""
        return super().reconstitute(**{**fields, "isbn": Isbn.as_stored(fields["isbn"])})

    @classmethod
    def register(cls, id: UUID, isbn: Isbn, title: str, author: str) -> Self:
        """Return a new book, which has recorded BookRegistered."""
        book = cls(id=id, isbn=isbn, title=title, author=author)
        book.messages.append(BookRegistered(**book.model_dump()))
        return book


class Reviewer(Aggregate):
    """A member of the club."""

    nickname: Nickname

    @property
    def nickname_key(self) -> str:
        """The unique form of the nickname: case-folded, without invisible characters."""
        visible = (char for char in self.nickname if unicodedata.category(char) != "Cf")
        return "".join(visible).casefold()

    @classmethod
    def create(cls, id: UUID, nickname: str) -> Self:
        """Return a new reviewer, who has recorded ReviewerCreated."""
        reviewer = cls(id=id, nickname=nickname)
        reviewer.messages.append(ReviewerCreated(**reviewer.model_dump()))
        return reviewer


class Review(Aggregate):
    """A reviewer's rating of a book, with a comment. Each change adds one to ``version``."""

    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: Comment = ""
    version: int = Field(default=1, ge=1)

    @classmethod
    def create(
        cls, id: UUID, book_id: UUID, reviewer_id: UUID, rating: int, comment: str = ""
    ) -> Self:
        """Return a new review, which has recorded ReviewCreated."""
        review = cls(
            id=id, book_id=book_id, reviewer_id=reviewer_id, rating=rating, comment=comment
        )
        review.messages.append(ReviewCreated(**review.model_dump()))
        return review

    def revise(self, rating: int, comment: str) -> None:
        """Replace rating and comment and record ReviewRevised; equal values change nothing."""
        if (self.rating, self.comment) == (rating, comment):
            return
        self.rating = rating
        self.comment = comment
        self.version += 1
        self.messages.append(ReviewRevised(**self.model_dump()))
