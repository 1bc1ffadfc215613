"""Activity entries as sentences."""

from datetime import UTC, datetime
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.app.web.activity_sentences import Part, sentence
from reading_club.service.activity import ActivityEntry

BOOK = uuid7()
LINK = f"/books/{BOOK}"


def an_entry(type_: str, **payload: Any) -> ActivityEntry:
    """Return an entry of this event type and payload."""
    return ActivityEntry(id=uuid7(), type=type_, occurred_at=datetime.now(UTC), payload=payload)


def test_a_book_is_named_by_its_link() -> None:
    """A new book is linked by its title, also before the catalogue knows it."""
    entry = an_entry("book_registered_v1", id=str(BOOK), title="Momo", author="Michael Ende")

    assert sentence(entry, {}) == [
        Part("Momo", "title", LINK),
        Part(" by "),
        Part("Michael Ende", "author"),
        Part(" joined the shelf."),
    ]


@pytest.mark.parametrize("rating", [0, 10])
def test_a_rating_names_its_book(rating: int) -> None:
    """A rating names the title that is known for its book, and links to it."""
    entry = an_entry("review_created_v1", book_id=str(BOOK), rating=rating)

    parts = sentence(entry, {BOOK: "Momo"})

    assert parts[0] == Part("Momo", "book", LINK)
    assert "".join(part.text for part in parts) == f"Momo was rated {rating} of 10."


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("the reviewer", "A review of Momo was withdrawn."),
        ("another member", "An organiser withdrew a review of Momo."),
    ],
)
def test_a_withdrawal_by_an_organiser_is_on_record(by: str, expected: str) -> None:
    """Another member than the reviewer can only be an organiser."""
    withdrawn = an_entry(
        "review_withdrawn_v1", book_id=str(BOOK), reviewer_id="the reviewer", withdrawn_by=by
    )

    assert "".join(part.text for part in sentence(withdrawn, {BOOK: "Momo"})) == expected


def test_a_book_without_an_isbn_is_named_with_its_authors() -> None:
    """The second version has a list of them."""
    authors = ["Harold Abelson", "Gerald Jay Sussman"]
    entry = an_entry("book_registered_v2", id=str(BOOK), title="SICP", authors=authors)

    said = "".join(part.text for part in sentence(entry, {}))

    assert said == "SICP by Harold Abelson; Gerald Jay Sussman joined the shelf."


def test_a_corrected_book_is_named_by_its_link() -> None:
    """It has the title of the correction."""
    entry = an_entry("book_corrected_v1", id=str(BOOK), title="Momo", authors=["Michael Ende"])

    parts = sentence(entry, {})

    assert parts[1] == Part("Momo", "title", LINK)
    assert "".join(part.text for part in parts) == "The entry of Momo was corrected."


def test_a_withdrawn_book_has_no_link() -> None:
    """Its page is gone."""
    entry = an_entry("book_withdrawn_v1", id=str(BOOK), title="Momo")

    assert sentence(entry, {}) == [
        Part("Momo", "withdrawn"),
        Part(" was withdrawn from the shelf."),
    ]


def test_a_book_without_a_known_title_is_a_book() -> None:
    """The sentence is whole, and begins with a capital letter."""
    entries = [
        an_entry("review_created_v1", book_id=str(BOOK), rating=7),
        an_entry("review_withdrawn_v1", book_id=str(BOOK)),
    ]

    said = ["".join(part.text for part in sentence(entry, {})) for entry in entries]

    assert said == ["A book was rated 7 of 10.", "A review of a book was withdrawn."]


@pytest.mark.parametrize(
    ("type_", "payload"),
    [
        ("another_v1", {}),
        ("book_registered_v1", {"title": "T", "author": ["A"]}),
        ("book_registered_v1", {"id": 7, "author": "A"}),
        ("review_created_v1", {"book_id": "x"}),
    ],
)
def test_what_has_no_sentence_is_its_type(type_: str, payload: dict[str, Any]) -> None:
    """An event or a payload of another release is shown by its type."""
    assert sentence(an_entry(type_, **payload), {}) == [Part(type_)]


def test_a_payload_without_an_id_has_no_link() -> None:
    """The title is shown without a link."""
    entry = an_entry("book_registered_v1", title="Momo", author="Michael Ende")

    assert [part.href for part in sentence(entry, {})] == ["", "", "", ""]
