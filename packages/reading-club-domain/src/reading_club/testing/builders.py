"""Builders of valid aggregates and events; a test passes only the fields that matter."""

from itertools import count
from typing import Literal
from uuid import UUID

from lastuuid import uuid7

from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import BookRegistered
from reading_club.domain.model import Book, Review, Reviewer

_numbers = count(1)


def an_isbn(number: int | None = None) -> Isbn:
    """Return the ISBN of this number (0 to 999,999,999), or one that was not returned before."""
    digits = f"978{next(_numbers) if number is None else number:09d}"
    total = sum(int(digit) * (1, 3)[i % 2] for i, digit in enumerate(digits))
    return Isbn(f"{digits}{-total % 10}")


def a_book(
    *,
    id: UUID | None = None,
    isbn: str | Literal[False] | None = None,
    title: str = "Domain-Driven Design",
    author: str = "Eric Evans",
    registered_by: UUID | None = None,
) -> Book:
    """Return a new book that has recorded its event, with an ISBN of its own; False for none."""
    known = None if isbn is False else an_isbn() if isbn is None else Isbn(isbn)
    return Book.register(id or uuid7(), known, title, author, registered_by)


def a_reviewer(*, id: UUID | None = None, nickname: str | None = None) -> Reviewer:
    """Return a new reviewer that has recorded its event, with a nickname of its own."""
    return Reviewer.create(id or uuid7(), nickname or f"reader-{next(_numbers)}")


def a_review(
    *, book: Book, reviewer: Reviewer, id: UUID | None = None, rating: int = 8, comment: str = ""
) -> Review:
    """Return a new review that has recorded its event."""
    return Review.create(id or uuid7(), book.id, reviewer.id, rating, comment)


def an_event(title: str = "Domain-Driven Design") -> BookRegistered:
    """Return a BookRegistered event; its title may be any text, as events are not validated."""
    return BookRegistered(id=uuid7(), isbn=an_isbn(), title=title, author="Eric Evans")
