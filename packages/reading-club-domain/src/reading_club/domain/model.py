"""The aggregates. They record events, which the unit of work collects."""

from typing import Any, Final, Self, cast
from uuid import UUID

from messagebus import Model
from pydantic import ConfigDict, Field

from reading_club.domain.errors import VersionMismatch
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import (
    BookCorrected,
    BookRegistered,
    ReviewCreated,
    ReviewerCreated,
    ReviewerErased,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.domain.text import (
    Author,
    Comment,
    Nickname,
    Rating,
    Title,
    authors_in,
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


class VersionedAggregate(Aggregate):
    """Base of the aggregates that are changed by a version: each change adds one to it."""

    version: int = Field(default=1, ge=1)

    def require_version(self, expected: int | None) -> None:
        """Raise VersionMismatch if it has another version; None expects any."""
        if expected is not None and self.version != expected:
            raise VersionMismatch(expected)


class Book(VersionedAggregate):
    """A book of the club."""

    title: Title
    author: Author
    isbn: Isbn | None = None
    registered_by: UUID | None = None
    """The reviewer who registered it; None for one of an early release, or of a visitor."""

    @property
    def isbn_digits(self) -> str | None:
        """The thirteen digits of the ISBN, None without one."""
        return None if self.isbn is None else self.isbn.canonical

    @property
    def content(self) -> tuple[str, str, str | None]:
        """Title, author and ISBN, by which a repeated registration is known again."""
        return self.title, self.author, self.isbn_digits

    @property
    def search_text(self) -> str:
        """The text that is searched: title, author and ISBN, without case and accents."""
        return casefold_unaccented(f"{self.title}\n{self.author}\n{self.isbn_digits or ''}")

    @classmethod
    def reconstitute(cls, **fields: Any) -> Self:
        """Return the stored book without validation."""
        isbn = fields["isbn"]
        stored = None if isbn is None else Isbn.as_stored(isbn)
        return super().reconstitute(**{**fields, "isbn": stored})

    @classmethod
    def register(
        cls, id: UUID, isbn: Isbn, title: str, author: str, registered_by: UUID | None = None
    ) -> Self:
        """Return a new book, which has recorded BookRegistered."""
        book = cls(id=id, isbn=isbn, title=title, author=author, registered_by=registered_by)
        book.messages.append(BookRegistered(id=id, isbn=isbn, title=book.title, author=book.author))
        return book

    def correct(self, isbn: Isbn | None, title: str, author: str, by: UUID) -> None:
        """Replace ISBN, title and author, and record BookCorrected; equal ones change nothing."""
        if self.content == (title, author, None if isbn is None else isbn.canonical):
            return
        self.isbn = isbn
        self.title = title
        self.author = author
        self.version += 1
        self.messages.append(
            BookCorrected(
                id=self.id,
                isbn=isbn,
                title=title,
                authors=authors_in(author),
                corrected_by=by,
                version=self.version,
            )
        )


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
