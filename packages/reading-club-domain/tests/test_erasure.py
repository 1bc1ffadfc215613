"""The rules of erasure: which fields of which messages are words of a member."""

from typing import Any, get_args
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.messages import (
    COMMANDS,
    EVENTS,
    CreateReview,
    ReviewCreated,
    ReviseReview,
)
from reading_club.eventstream.redaction import REMOVED, redacted, redacted_envelope, redacted_error
from reading_club.eventstream.wire import payload_fields, wire_type
from reading_club.service.erasure import WORDS, redactions, reviewer_of

REVIEWER = UUID("0197d3a5-6b7c-7def-8abc-1234567890ab")
REVIEW = UUID("0197d3a5-6b7c-7def-8abc-1234567890ac")
WORDS_OF_NOBODY = {"title", "author", "authors", "isbn"}
"""Texts about books, which stay."""


def texts(message: type[Any]) -> set[str]:
    """Return the names of the fields that hold a text."""
    return {
        name
        for name, field in message.model_fields.items()
        if field.annotation is str or str in get_args(field.annotation)
    }


def test_every_text_of_a_message_is_a_word_or_about_a_book() -> None:
    """A new field with a text has to be decided: it is erased, or it is no member's."""
    named = set[str]().union(*(texts(message) for message in (*COMMANDS, *EVENTS)))

    assert named <= {*WORDS, *WORDS_OF_NOBODY}
    assert named >= set(WORDS)


def test_every_message_with_words_is_redacted() -> None:
    """Each command and event with a nickname or a comment has its rule."""
    with_words = {wire_type(each) for each in (*COMMANDS, *EVENTS) if texts(each) & set(WORDS)}

    assert {each.type for each in redactions(REVIEWER, [REVIEW])} == with_words


def test_a_revision_is_found_by_its_review() -> None:
    """The command names no reviewer: it is redacted by the id of the review, and no other is."""
    mine, other = (ReviseReview(id=id_, rating=3, comment="words") for id_ in (REVIEW, uuid7()))
    rules = redactions(REVIEWER, [REVIEW])

    comments = [
        redacted(wire_type(each), payload_fields(each), rules)["comment"] for each in (mine, other)
    ]

    assert comments == ["", "words"]
    assert reviewer_of(wire_type(mine), payload_fields(mine)) is None


@pytest.mark.parametrize("reviewer_id", [None, 7, "x", [], str(REVIEWER)[:-1]])
def test_a_payload_of_another_release_is_left_as_it_is(reviewer_id: object) -> None:
    """An id that is none names no reviewer, and is no error."""
    payload = {"reviewer_id": reviewer_id, "comment": "words"}

    assert redacted(wire_type(ReviewCreated), payload, redactions(REVIEWER)) == payload
    assert reviewer_of(wire_type(ReviewCreated), payload) is None
    assert reviewer_of(wire_type(ReviewCreated), {}) is None
    assert reviewer_of("book_registered_v1", {"id": str(REVIEWER)}) is None


def test_a_command_stays_valid_without_a_comment() -> None:
    """A redacted message has the fields that it had: none is added."""
    command = CreateReview(id=REVIEW, book_id=uuid7(), reviewer_id=REVIEWER, rating=3)
    payload = payload_fields(command)

    assert redacted(wire_type(command), payload, redactions(REVIEWER)) == payload


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ("nothing of hers", "nothing of hers"),
        (None, None),
        (f"her {REVIEWER}", REMOVED),
        ([f"her {REVIEWER}"], REMOVED),
        ({"payload": f"her {REVIEWER}", "x": 1}, {"payload": REMOVED}),
        ({"id": "1", "type": "t", "payload": str(REVIEW)}, {"id": "1", "type": "t"}),
    ],
)
def test_what_cannot_be_read_is_removed_if_it_names_an_id(envelope: Any, expected: Any) -> None:
    """Id and type are left, so that the dead letter can be told from others."""
    result = redacted_envelope(envelope, redactions(REVIEWER, [REVIEW]))

    if isinstance(expected, dict):
        expected |= {"payload": REMOVED}
    assert result == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ValueError: her words", "ValueError"),
        ("ValueError", "ValueError"),
        ("her words: too long", REMOVED),
        ("her words", REMOVED),
        ("", REMOVED),
    ],
)
def test_of_an_error_its_class_is_left(error: str, expected: str) -> None:
    """The text behind the class may quote a word."""
    assert redacted_error(error) == expected
