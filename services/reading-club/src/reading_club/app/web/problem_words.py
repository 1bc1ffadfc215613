"""The words of the problem page: what happened, and what to do."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Words(NamedTuple):
    """A heading that says what happened, and a sentence that says what to do."""

    heading: str
    advice: str


BY_TYPE: Final[Mapping[str, Words]] = {
    "urn:reading-club:problem:book-not-found": Words(
        "This book is not on the shelf",
        "The link may be cut short. Search the shelf for its title.",
    ),
}
BY_STATUS: Final[Mapping[int, Words]] = {
    403: Words("This form came from another site", "Open the form here, and send it again."),
    404: Words("There is no such page", "The address may be mistyped, or the link cut short."),
    405: Words("This address is not a page", "It only takes what a form sends."),
    413: Words("This is too large", "Shorten the text, go back, and send it again."),
    422: Words("Something in the request does not fit", "Go back, mend it, and try again."),
    500: Words("Something is broken here", "It is not your doing, and it is written in the log."),
    503: Words("The club cannot answer at the moment", "Try again in some seconds."),
}


def words_of(type_: str, status: int, title: str) -> Words:
    """Return the words for a problem, by its type or else its status; else its title."""
    return BY_TYPE.get(type_) or BY_STATUS.get(status) or Words(title, "Go back, and try again.")
