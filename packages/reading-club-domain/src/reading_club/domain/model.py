"""The aggregates. They record events, which the unit of work collects."""

from typing import Any, Final, Self, cast
from uuid import UUID

from messagebus import Model
from pydantic import ConfigDict, Field

from reading_club.domain.errors import VersionMismatch
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import (
    BookRegistered,
    ReviewCreated,
    ReviewerCreated,
    ReviewerErased,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.domain.search import book_words, sort_key
from reading_club.domain.text import (
    Author,
    Comment,
    Nickname,
    Rating,
    Title,
    casefold_unaccented,
    nickname_key,
)

FORMER_MEMBER: Final = "a former member"
"""The nickname of every erased reviewer."""


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

    @property
    def words(self) -> frozenset[str]:
        """The words by which the book is found, see ``book_words``."""
        return book_words(self.title, self.author, self.isbn.canonical)

    @property
    def title_key(self) -> str:
        """The key by which books are sorted by title."""
        return sort_key(self.title)

    @property
    def author_key(self) -> str:
        """The key by which books are sorted by author, as printed."""
        return sort_key(self.author)

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


class Review(Aggregate):
    """A reviewer's rating of a book, with a comment. Each change adds one to ``version``."""

    book_id: UUID
    reviewer_id: UUID
    rating: Rating
    comment: Comment = ""
    version: int = Field(default=1, ge=1)
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

    def require_version(self, expected: int | None) -> None:
        """Raise VersionMismatch if the review has another version; None expects any."""
        if expected is not None and self.version != expected:
            raise VersionMismatch(expected)

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
