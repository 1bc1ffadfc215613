"""The aggregates, and the events that they record."""

import pytest
from lastuuid import uuid7
from pydantic import ValidationError

from reading_club.domain.messages import (
    BookCorrected,
    BookRegistered,
    BookRegisteredV2,
    BookWithdrawn,
    ReviewCreated,
    ReviewRevised,
)
from reading_club.domain.model import Review
from reading_club.testing.builders import a_book, a_review, a_reviewer


@pytest.fixture
def review() -> Review:
    """A review rated 5."""
    return a_review(book=a_book(), reviewer=a_reviewer(), rating=5, comment="so-so")


def test_a_new_book_records_its_registration() -> None:
    """Registering a book records one event with the same content."""
    book = a_book()
    assert book.isbn is not None

    assert book.messages == [
        BookRegistered(id=book.id, isbn=book.isbn, title=book.title, author=book.author)
    ]


def test_a_book_without_an_isbn_records_the_second_version() -> None:
    """The first version of its registration always has an ISBN."""
    book = a_book(isbn=False, title="SICP", author="Harold Abelson; Gerald Jay Sussman")

    assert book.messages == [
        BookRegisteredV2(id=book.id, title="SICP", authors=["Harold Abelson", "Gerald Jay Sussman"])
    ]


def test_a_correction_is_the_next_version() -> None:
    """It records what the book says then, with its authors one by one."""
    book, by = a_book(), uuid7()
    book.correct(None, "SICP", "Harold Abelson; Gerald Jay Sussman", by)

    assert (book.content, book.version) == (("SICP", "Harold Abelson; Gerald Jay Sussman", None), 2)
    assert book.messages[1:] == [
        BookCorrected(
            id=book.id,
            title="SICP",
            authors=["Harold Abelson", "Gerald Jay Sussman"],
            corrected_by=by,
            version=2,
        )
    ]


def test_a_withdrawn_book_has_no_isbn_and_no_words() -> None:
    """It records its title, who withdrew it and the next version; once more it does nothing."""
    book, by = a_book(), uuid7()
    for _ in range(2):
        book.withdraw(by)

    assert (book.isbn, book.words, book.version) == (None, frozenset(), 2)
    assert book.messages[1:] == [
        BookWithdrawn(id=book.id, title=book.title, withdrawn_by=by, version=2)
    ]


def test_a_new_review_records_its_first_version(review: Review) -> None:
    """The first version of a review is 1."""
    assert review.messages == [ReviewCreated(**review.model_dump())]
    assert review.version == 1


def test_a_revision_is_the_next_version(review: Review) -> None:
    """A revision carries its version, so that the highest one can win."""
    review.revise(9, "great")

    assert review.version == 2
    assert review.messages[-1] == ReviewRevised(**review.model_dump())


def test_the_same_revision_is_no_change(review: Review) -> None:
    """A revision with equal values records no event."""
    review.revise(5, "so-so")

    assert review.version == 1
    assert len(review.messages) == 1


@pytest.mark.parametrize("rating", [-1, 11])
def test_the_model_refuses_a_rating_out_of_range(review: Review, rating: int) -> None:
    """The model checks the rating itself, at creation and at revision."""
    with pytest.raises(ValidationError, match="rating"):
        review.revise(rating, "")
    with pytest.raises(ValidationError, match="rating"):
        a_review(book=a_book(), reviewer=a_reviewer(), rating=rating)


def test_recorded_messages_are_not_content() -> None:
    """Two books are equal by content, whatever they have recorded."""
    book = a_book()
    loaded = book.model_copy(update={"messages": []})

    assert loaded == book
    assert "messages" not in book.model_dump()
