"""Port of the notices: what happened to what a member follows, once for each event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

DAY: Final = 86_400.0
KEPT: Final = 30 * DAY
"""Seconds after which a notice is deleted. No older event makes one, whatever comes again."""
BEFORE: Final = 60.0
"""Seconds before the begin of following from which events count: clocks of machines differ."""


@dataclass(frozen=True)
class News:
    """A new book, for those who follow the club, or a new review, for those of its book as well."""

    event_id: UUID
    occurred_at: datetime
    book_id: UUID
    review_id: UUID | None = None
    """The review that was written; None for a new book."""
    reviewer_id: UUID | None = None
    """Who wrote it, and so needs no notice."""


@dataclass(frozen=True)
class Notice:
    """A notice with the present state of its book and its review, which may have changed."""

    event_id: UUID
    occurred_at: datetime
    book_id: UUID
    title: str
    author: str
    nickname: str | None
    """Who reviewed the book; None, as is ``rating``, for a new book."""
    rating: int | None
    """0 to 10."""


class Notices(Protocol):
    """The notices, written by the subscriber ``notices``: at most one for an account and event."""

    async def add(self, news: News) -> None:
        """Give a notice to every account that follows the club at this time, or a review's book.

        The same event again changes nothing, in whichever order events come. Who began to follow
        more than ``BEFORE`` seconds after the event gets none, and no follower gets one of an event
        that is ``KEPT`` seconds old: its notice may have been deleted.
        """

    async def page(self, account_id: UUID, *, limit: int = 50) -> Sequence[Notice]:
        """Return up to ``limit`` notices of an account, that of the highest event id first.

        Without those of books and reviews that are withdrawn.
        """
        ...

    async def prune(self) -> int:
        """Delete notices that are ``KEPT`` seconds old, and return their number.

        Those that are still to be sent by mail stay.
        """
        ...
