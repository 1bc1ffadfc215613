"""The type of a problem, and the words of its page: what happened, and what to do."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from starlette.exceptions import HTTPException


class Words(NamedTuple):
    """A heading that says what happened, and a sentence that says what to do."""

    heading: str
    advice: str


BY_TYPE: Final[Mapping[str, Words]] = {
    "urn:reading-club:problem:book-not-found": Words(
        "This book is not on the shelf",
        "The link may be cut short, or the book was withdrawn. Search the shelf for its title.",
    ),
    "urn:reading-club:problem:account-not-found": Words(
        "This member is not in the club", "Look at the page “Members”."
    ),
    "urn:reading-club:problem:invitation-not-found": Words(
        "This invitation is not open", "It was revoked already. Look at the page “Members”."
    ),
    "urn:reading-club:problem:join-request-not-found": Words(
        "This request has its answer already", "Look at the page “Members”."
    ),
    "urn:reading-club:problem:import-not-found": Words(
        "There is no such import of yours", "Imports are deleted a month after their last change."
    ),
    "urn:reading-club:problem:event-not-found": Words(
        "This event is not in the history",
        "Its id may be mistyped, or it came from a program that is not the club's.",
    ),
    "urn:reading-club:problem:subscriber-not-found": Words(
        "The club has no such subscriber", "Look at the page “Stream”."
    ),
    "urn:reading-club:problem:link-not-valid": Words(
        "This link does not let you in", "Ask an organiser of the club for a new one."
    ),
    "urn:reading-club:problem:cross-origin-request": Words(
        "This form came from another site", "Open the form here, and send it again."
    ),
    "urn:reading-club:problem:rate-limited": Words(
        "Too many attempts", "Wait a while, then try again. Nobody else is kept out by this."
    ),
}
BY_STATUS: Final[Mapping[int, Words]] = {
    401: Words("This is for members", "Log in, and try again."),
    403: Words("This is not for you to do", "Ask an organiser of the club."),
    404: Words("There is no such page", "The address may be mistyped, or the link cut short."),
    405: Words("This address is not a page", "It only takes what a form sends."),
    413: Words("This is too large", "Shorten the text, go back, and send it again."),
    421: Words("The club has another address", "Open it by the address that you were given."),
    422: Words("Something in the request does not fit", "Go back, mend it, and try again."),
    500: Words("Something is broken here", "It is not your doing, and it is written in the log."),
    503: Words("The club cannot answer at the moment", "Try again in some seconds."),
}


def words_of(type_: str, status: int, title: str) -> Words:
    """Return the words for a problem, by its type or else its status; else its title."""
    return BY_TYPE.get(type_) or BY_STATUS.get(status) or Words(title, "Go back, and try again.")


def type_of(error: Exception) -> str:
    """Return the type of a problem by its error's class; those of the framework have none."""
    name = type(error).__name__
    if name == HTTPException.__name__:
        return "about:blank"
    return f"urn:reading-club:problem:{re.sub('(?<!^)(?=[A-Z])', '-', name).lower()}"
