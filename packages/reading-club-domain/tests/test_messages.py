"""Commands, events and the texts in them."""

import inspect

import pytest
from lastuuid import uuid7
from messagebus import GenericEvent
from pydantic import SecretStr, ValidationError

from reading_club.domain import messages
from reading_club.domain.messages import (
    COMMANDS,
    EVENTS,
    BookRegistered,
    ClubCommand,
    ClubEvent,
    CreateReview,
    CreateReviewer,
    RegisterBook,
)
from reading_club.domain.text import casefold_unaccented
from reading_club.eventstream.wire import wire_type
from reading_club.testing.builders import an_isbn

SECRET_WORDS = ("password", "passphrase", "secret", "token", "credential", "api_key")


def subclasses(base: type[object]) -> set[type[object]]:
    """Return the classes of the messages module below ``base``."""
    classes = vars(messages).values()
    return {c for c in classes if inspect.isclass(c) and issubclass(c, base) and c is not base}


def test_the_lists_are_complete() -> None:
    """Every command and every event of the module is listed."""
    assert set(COMMANDS) == subclasses(ClubCommand)
    assert set(EVENTS) == subclasses(ClubEvent)


def test_every_name_and_version_is_unique() -> None:
    """No two messages share a type on the wire."""
    types = [*map(wire_type, COMMANDS), *map(wire_type, EVENTS)]

    assert len(types) == len(set(types))


def test_events_are_published_events_and_commands_are_not() -> None:
    """Events are marked as published, commands are not."""
    assert all(issubclass(event, GenericEvent) for event in EVENTS)
    for kind, published in ((EVENTS, True), (COMMANDS, False)):
        assert {each.model_fields["metadata"].default.published for each in kind} == {published}


def test_no_credentials_travel_on_the_bus() -> None:
    """The message store keeps every payload, so that no field may hold a secret."""
    for message in (*COMMANDS, *EVENTS):
        for name, field in message.model_fields.items():
            assert field.annotation is not SecretStr
            assert not any(word in name for word in SECRET_WORDS)


def test_a_field_that_a_command_does_not_know_is_refused() -> None:
    """A misspelled field is an error and not ignored."""
    with pytest.raises(ValidationError, match="autor"):
        RegisterBook.model_validate(
            {"isbn": "0321125215", "title": "T", "author": "A", "autor": "A"}
        )


@pytest.mark.parametrize("rating", [-1, 11, 7.5, "7", True, None])
def test_a_rating_is_a_whole_number_from_0_to_10(rating: object) -> None:
    """Any other value is refused, and the error names the field."""
    with pytest.raises(ValidationError, match="rating"):
        CreateReview.model_validate({"book_id": uuid7(), "reviewer_id": uuid7(), "rating": rating})


@pytest.mark.parametrize(
    "title",
    [
        "",
        "   ",
        "x" * 301,
        "\ufb2c" * 101,
        "a\x00b",
        "a\nb",
        "a\u2028b",
        "evil\u202etxt",
        "\u200b\u200d",
        7,
        None,
    ],
)
def test_a_title_is_one_line_of_sensible_length(title: object) -> None:
    """Empty, overlong and unprintable titles are refused, and the error names the field."""
    with pytest.raises(ValidationError, match="title"):
        RegisterBook.model_validate({"isbn": "0321125215", "title": title, "author": "A"})


def test_texts_are_trimmed_and_normalised() -> None:
    """Spaces around a text are removed; two ways to write é become one."""
    command = RegisterBook(isbn=an_isbn(), title="  Cafe\u0301 ", author="Ann")

    assert command.title == "Caf\u00e9"


def test_a_comment_may_have_lines() -> None:
    """Line breaks are kept, as line feeds; other control characters are refused."""
    ids = {"book_id": uuid7(), "reviewer_id": uuid7(), "rating": 5}

    assert CreateReview(**ids, comment="one\r\ntwo").comment == "one\ntwo"
    with pytest.raises(ValidationError, match="comment"):
        CreateReview(**ids, comment="bell\x07")


@pytest.mark.parametrize("title", ["Z" + "\u0310" * 9, "x" * 400, "bell\x07", ""])
def test_an_event_of_a_release_with_other_rules_is_read(title: str) -> None:
    """Events are not validated, as a text that today's rules refuse may be older than the rules."""
    event = BookRegistered(id=uuid7(), isbn=an_isbn(), title=title, author="A")

    assert event.title == title


@pytest.mark.parametrize("nickname", ["", "x" * 51, "a\rb"])
def test_a_nickname_is_short(nickname: str) -> None:
    """A nickname has 1 to 50 printable characters."""
    with pytest.raises(ValidationError, match="nickname"):
        CreateReviewer(nickname=nickname)


def test_folding_forgets_case_and_accents() -> None:
    """Folded texts are equal regardless of case and accents."""
    assert casefold_unaccented("Émile STRASSE ß") == casefold_unaccented("emile strasse ss")
