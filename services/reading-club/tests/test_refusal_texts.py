"""Every refusal and every error of a field has a sentence in each language."""

from collections.abc import Iterator
from inspect import signature
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from reading_club.app.accounts.membership import NewMember
from reading_club.app.accounts.new_token import NewToken
from reading_club.app.accounts.password_change import NewPassword
from reading_club.app.correcting import BookChanges
from reading_club.app.reviewing import NewReview
from reading_club.app.web.etags import PreconditionFailed, PreconditionRequired
from reading_club.app.web.following.mail_api import NewAddress
from reading_club.app.web.html_forms import SUBJECTS, errors_of
from reading_club.app.web.languages import accepted
from reading_club.app.web.rate_limits import RateLimited
from reading_club.app.web.refusal_texts import REFUSALS, refusal_text
from reading_club.domain.errors import (
    Conflict,
    NoMailServer,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refusal,
)
from reading_club.domain.messages import RegisterBook
from reading_club.service.accounts.club import ClubSettings
from reading_club.service.accounts.invitations import InvitationTerms
from reading_club.service.book_files.rows import FILE_REFUSALS, FileRefused
from reading_club.testing.builders import an_isbn

WEB = "reading_club.app.web"
KINDS = {Refusal, NotFound, Conflict}
"""Refusals that are raised as one of their kind alone."""
REASONS = {FileRefused, NoMailServer, NotAllowed, NotSignedIn}
"""Refusals with a reason, each of which is a sentence of the catalogue."""
VALUES: dict[str, Any] = {
    "identifier": UUID(int=1),
    "book_id": UUID(int=2),
    "reviewer_id": UUID(int=3),
    "account_id": UUID(int=4),
    "isbn": an_isbn(),
    "nickname": "Zoë",
    "expected": 5,
    "most": 6,
}
FORMS: tuple[type[BaseModel], ...] = (
    *(RegisterBook, BookChanges, NewReview, NewMember, NewPassword, NewToken, NewAddress),
    *(InvitationTerms, ClubSettings),
)
"""What forms are checked by."""
HOSTILE = (
    *("", " ", "x" * 5_001, "a\x00", "\u200b", "a" + "\u0301" * 9, "x\u202e", "1.5", "0", "999"),
    *("978-3-16-148410-1", "9790060115615", "1" * 41, "Zoë"),
)
"""Texts that a person may type into any field."""


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    """Yield the class and all that are made from it."""
    yield kind
    for each in kind.__subclasses__():
        yield from subclasses(each)


def made(kind: type[Refusal]) -> Refusal:
    """Return a refusal of the kind, with a value for each of its arguments."""
    arguments = {name: VALUES[name] for name in signature(kind).parameters if name in VALUES}
    return kind(**({} if kind.__init__ is Exception.__init__ else arguments))


@pytest.fixture
def german() -> Iterator[None]:
    """A request in German."""
    token = accepted.set("de")
    yield
    accepted.reset(token)


def test_every_refusal_has_a_sentence() -> None:
    """A new refusal needs its sentence here, in English that of the refusal itself."""
    own = {kind for kind in subclasses(Refusal) if kind.__module__.startswith("reading_club.")}

    assert own - KINDS - REASONS == REFUSALS.keys() & own
    for kind in own & REFUSALS.keys():
        assert refusal_text(made(kind)) == str(made(kind))


@pytest.mark.usefixtures("german")
def test_every_refusal_is_told_in_german() -> None:
    """With its values, which are the same."""
    for kind in {kind for kind in subclasses(Refusal) if kind in REFUSALS}:
        refusal = made(kind)
        said = refusal_text(refusal)

        assert said != str(refusal)
        assert "{" not in said
        for value in vars(refusal).values():
            assert (str(value) in said) == (str(value) in str(refusal)), kind
    assert refusal_text(NotSignedIn()) != str(NotSignedIn())


@pytest.mark.usefixtures("german")
def test_every_error_of_the_web_is_told_in_german() -> None:
    """But those of the API and of the stream's pages, which are English."""
    own = [kind for kind in subclasses(HTTPException) if kind.__module__.startswith(WEB)]
    for kind in {*own} - {PreconditionFailed, PreconditionRequired}:
        if kind.__module__.startswith(f"{WEB}.stream"):
            continue
        error = kind(5) if kind is RateLimited else kind()

        assert refusal_text(error) != error.detail
        assert "{" not in refusal_text(error)
    assert len(own) > 6
    assert "5 Sekunden" in refusal_text(RateLimited(5))


@pytest.mark.usefixtures("german")
def test_every_refused_file_is_told_in_german() -> None:
    """Numbers are written as in German, and names of columns stay."""
    values: dict[str, Any] = {
        "most": 200_000,
        "line": 3,
        "format": "Goodreads",
        "columns": "Title, Author",
    }
    for reason in FILE_REFUSALS:
        refused = FileRefused(reason, **values)

        assert refusal_text(refused) != str(refused)
    assert "200.000 Zeilen" in refusal_text(FileRefused("too-many-rows", most=200_000))


def errors_of_forms() -> Iterator[tuple[str, str, str]]:
    """Yield form, type and sentence of each error that a hostile text makes in a field."""
    for form in FORMS:
        for text in HOSTILE:
            try:
                form.model_validate(dict.fromkeys(form.model_fields, text))
            except ValidationError as refused:
                typed = {".".join(map(str, e["loc"])): e["type"] for e in refused.errors()}
                for error in errors_of(refused):
                    if error.field in SUBJECTS:
                        yield form.__name__, typed[error.field], f"{error.field}: {error.detail}"


def test_every_error_of_a_field_is_told_in_german() -> None:
    """For each form and whatever is typed, none of the sentences is one in English."""
    english = {said for *_, said in errors_of_forms()}
    token = accepted.set("de")
    german = list(errors_of_forms())
    accepted.reset(token)

    assert {kind for _, kind, _ in german} >= {
        *("string_too_short", "string_too_long", "too_short", "too_long", "int_parsing"),
        *("greater_than_equal", "less_than_equal", "control_character", "invisible_text"),
        *("too_many_marks", "isbn", "nickname_as_password", "address"),
    }
    assert sorted(english & {said for *_, said in german}) == []
