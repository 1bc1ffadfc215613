"""Port of what members follow: books, and the club."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

MOST_BOOKS: Final = 500
"""Books that a member may follow."""


@dataclass(frozen=True)
class FollowedBook:
    """A book that a member follows."""

    id: UUID
    title: str


@dataclass(frozen=True)
class Following:
    """What a member follows. ``club`` means every new book and every new review."""

    club: bool
    books: Sequence[FollowedBook]
    """The book that was followed last comes first."""


class Follows(Protocol):
    """What members follow. An account that is removed follows nothing any more."""

    @abstractmethod
    async def follow_club(self, account_id: UUID) -> None:
        """Follow the club; who does so already goes on. Raises AccountNotFound."""

    @abstractmethod
    async def unfollow_club(self, account_id: UUID) -> None:
        """Follow the club no more."""

    @abstractmethod
    async def follow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Follow a book; who does so already goes on.

        Raises BookNotFound, also for a withdrawn book, AccountNotFound, or FollowsTooMany if it
        would be more than ``MOST_BOOKS``, of which withdrawn ones are none.
        """

    @abstractmethod
    async def unfollow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Follow a book no more, also one that is not on the shelf."""

    @abstractmethod
    async def follows_book(self, account_id: UUID, book_id: UUID) -> bool:
        """Whether the account follows this book, apart from the club."""

    @abstractmethod
    async def of(self, account_id: UUID) -> Following:
        """Return what an account follows, without withdrawn books; nothing for an unknown one."""
