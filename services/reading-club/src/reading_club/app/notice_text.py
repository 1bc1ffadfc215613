"""Notices as sentences, for feeds and mail."""

from typing import Final

from reading_club.service.notifications.notices import Notice

FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_DIRECTIONAL_ISOLATE: Final = "\u2069"


def isolated(text: str) -> str:
    """Isolate a text, so that its direction does not reorder what is around it.

    For places without markup, such as the title of a page; elsewhere it is ``<bdi>``.
    """
    return text if text.isascii() else f"{FIRST_STRONG_ISOLATE}{text}{POP_DIRECTIONAL_ISOLATE}"


def sentence_of(notice: Notice) -> str:
    """Return what happened, on one line; texts of users are isolated in it."""
    title = f"“{isolated(notice.title)}”"
    if notice.nickname is None:
        return f"{title} by {isolated(notice.author)} joined the shelf."
    return f"{isolated(notice.nickname)} rated {title} {notice.rating} of 10."
