"""The type of a problem, and the words of its page: what happened, and what to do."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException

from reading_club.app.web.languages import N_, gettext


class Words(NamedTuple):
    """A heading that says what happened, and a sentence that says what to do."""

    heading: str
    advice: str


OTHER_ADVICE: Final = N_("Go back, and try again.")
BY_TYPE: Final[Mapping[str, Words]] = {
    "urn:reading-club:problem:book-not-found": Words(
        N_("This book is not on the shelf"),
        N_("The link may be cut short, or the book was withdrawn. Search the shelf for its title."),
    ),
    "urn:reading-club:problem:account-not-found": Words(
        N_("This member is not in the club"), N_("Look at the page “Members”.")
    ),
    "urn:reading-club:problem:invitation-not-found": Words(
        N_("This invitation is not open"), N_("It was revoked already. Look at the page “Members”.")
    ),
    "urn:reading-club:problem:join-request-not-found": Words(
        N_("This request has its answer already"), N_("Look at the page “Members”.")
    ),
    "urn:reading-club:problem:import-not-found": Words(
        N_("There is no such import of yours"),
        N_("Imports are deleted a month after their last change."),
    ),
    "urn:reading-club:problem:event-not-found": Words(
        N_("This event is not in the history"),
        N_("Its id may be mistyped, or it came from a program that is not the club's."),
    ),
    "urn:reading-club:problem:subscriber-not-found": Words(
        N_("The club has no such subscriber"), N_("Look at the page “Stream”.")
    ),
    "urn:reading-club:problem:link-not-valid": Words(
        N_("This link does not let you in"), N_("Ask an organiser of the club for a new one.")
    ),
    "urn:reading-club:problem:cross-origin-request": Words(
        N_("This form came from another site"), N_("Open the form here, and send it again.")
    ),
    "urn:reading-club:problem:rate-limited": Words(
        N_("Too many attempts"),
        N_("Wait a while, then try again. Nobody else is kept out by this."),
    ),
}
BY_STATUS: Final[Mapping[int, Words]] = {
    400: Words(N_("The club cannot read this request"), OTHER_ADVICE),
    401: Words(N_("This is for members"), N_("Log in, and try again.")),
    403: Words(N_("This is not for you to do"), N_("Ask an organiser of the club.")),
    404: Words(
        N_("There is no such page"), N_("The address may be mistyped, or the link cut short.")
    ),
    405: Words(N_("This address is not a page"), N_("It only takes what a form sends.")),
    409: Words(
        N_("This does not go with what is stored"), N_("Go back, look again, and try once more.")
    ),
    412: Words(
        N_("There was another change meanwhile"), N_("Go back, look again, and try once more.")
    ),
    413: Words(N_("This is too large"), N_("Shorten the text, go back, and send it again.")),
    415: Words(N_("The club cannot read this form"), OTHER_ADVICE),
    421: Words(
        N_("The club has another address"), N_("Open it by the address that you were given.")
    ),
    422: Words(N_("Something in the request does not fit"), N_("Go back, mend it, and try again.")),
    500: Words(
        N_("Something is broken here"), N_("It is not your doing, and it is written in the log.")
    ),
    503: Words(N_("The club cannot answer at the moment"), N_("Try again in some seconds.")),
}
_FRAMEWORK: Final = (N_("Not Found"), N_("Method Not Allowed"))
"""What the framework says of an address; pages say it below their words."""


def words_of(type_: str, status: int, title: str) -> Words:
    """Return the words for a problem, by its type or else its status; else its title.

    They are in the language of the request.
    """
    words = BY_TYPE.get(type_) or BY_STATUS.get(status) or Words(title, OTHER_ADVICE)
    return Words(*map(gettext, words))


def type_of(error: Exception) -> str:
    """Return the type of a problem by its error's class; those of the framework have none."""
    name = type(error).__name__
    if name == HTTPException.__name__:
        return "about:blank"
    return f"urn:reading-club:problem:{re.sub('(?<!^)(?=[A-Z])', '-', name).lower()}"
