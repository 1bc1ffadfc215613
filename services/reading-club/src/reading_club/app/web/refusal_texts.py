"""The sentences of refusals for pages, in the language of the request, and the fields they concern.

In English they are those of the refusals themselves, which the API and the command line say.
"""

from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException

from reading_club.app.accounts.passwords import PasswordsBusy
from reading_club.app.field_errors import FieldError
from reading_club.app.web.languages import N_, gettext, number
from reading_club.app.web.rate_limits import RateLimited
from reading_club.app.web.request_bodies import BodyTooLarge, FileTooLarge
from reading_club.domain import errors as refusals
from reading_club.service.book_files.rows import FILE_REFUSALS, FileRefused
from reading_club.service.imports.errors import ImportNotFound, ImportUnfinished

REFUSALS: Final[Mapping[type[Exception], str]] = {
    refusals.BookNotFound: N_("no book has the id {identifier}"),
    refusals.ReviewerNotFound: N_("no reviewer has the id {identifier}"),
    refusals.ReviewNotFound: N_("no review has the id {identifier}"),
    refusals.NotReviewed: N_("the member has no review of the book {identifier}"),
    refusals.AccountNotFound: N_("no account has the id {identifier}"),
    refusals.InvitationNotFound: N_("no open invitation has the id {identifier}"),
    refusals.JoinRequestNotFound: N_("no request to join has the id {identifier}"),
    ImportNotFound: N_("no import has the id {identifier}"),
    refusals.IdentifierTaken: N_("the id {identifier} is already used for something else"),
    refusals.BookAlreadyRegistered: N_("the ISBN {isbn} is already registered"),
    refusals.NicknameTaken: N_("the nickname {nickname!r} is already taken"),
    refusals.AlreadyReviewed: N_("reviewer {reviewer_id} has already reviewed book {book_id}"),
    refusals.VersionMismatch: N_(
        "version {expected} is not the current one: there was another change"
    ),
    refusals.WrongCredentials: N_("the nickname or the password is wrong"),
    refusals.WrongPassword: N_("that is not your present password"),
    refusals.LinkNotValid: N_("the link has expired, was used or revoked, or is incomplete"),
    refusals.AccountExists: N_("reviewer {reviewer_id} has an account already"),
    refusals.NotAnOrganiser: N_("account {account_id} is not an organiser's"),
    refusals.LastOrganiser: N_(
        "account {account_id} is the last organiser: name another one first"
    ),
    refusals.AlreadyAsked: N_("a request to join as {nickname!r} waits for an answer already"),
    refusals.TooManyJoinRequests: N_("{most} requests to join wait for an answer: ask again later"),
    refusals.FollowsTooMany: N_("you follow {most} books already: unfollow one first"),
    ImportUnfinished: N_("another import of yours is not finished: end it, or wait for its end"),
    BodyTooLarge: N_("a request body has at most {most} bytes"),
    FileTooLarge: N_("a file has at most {most} MB: divide it"),
    RateLimited: N_("too many attempts: try again in {seconds} seconds"),
    PasswordsBusy: N_("too many passwords are being checked at the moment"),
}
"""The sentence of each refusal, with its attributes as placeholders."""
_REASONS: Final = (N_("log in first, or send a valid token"),)
"""Reasons of refusals that are not written where they are raised."""

FIELDS: Final[Mapping[type[Exception], str]] = {
    refusals.BookAlreadyRegistered: "isbn",
    refusals.IdentifierTaken: "id",
    refusals.NicknameTaken: "nickname",
    refusals.AlreadyAsked: "nickname",
    refusals.WrongPassword: "password",
    FileRefused: "file",
}
"""The field that a refusal concerns."""


class _Number(int):
    """A number that is written as the language does, where the sentence groups its digits."""

    def __format__(self, format_spec: str) -> str:
        return number(self) if format_spec == "," else format(int(self), format_spec)


def refusal_text(refusal: Exception) -> str:
    """Return why a request is refused. A reason without a translation stays in English."""
    if isinstance(refusal, FileRefused):
        values = {
            name: _Number(value) if isinstance(value, int) else value
            for name, value in refusal.values.items()
        }
        return gettext(FILE_REFUSALS[refusal.reason]).format_map(values)
    sentence = REFUSALS.get(type(refusal))
    if sentence is None:  # its reason is a text, which is a sentence of the catalogue
        return gettext(refusal.detail if isinstance(refusal, HTTPException) else str(refusal))
    return gettext(sentence).format_map(vars(refusal))


def refusal_errors(refusal: Exception) -> list[FieldError]:
    """Return the error of the field that a refusal concerns, or an empty list."""
    field = FIELDS.get(type(refusal))
    return [FieldError(field=field, detail=str(refusal))] if field else []
