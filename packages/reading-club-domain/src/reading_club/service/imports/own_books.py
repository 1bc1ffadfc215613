"""Port of a member's own shelves and dates of books, which came by imports."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class OwnBook:
    """What a member keeps of a book for herself: no other member sees it."""

    shelves: tuple[str, ...] = ()
    """The names of shelves and tags, each once, in their order."""
    read_on: date | None = None
    """The last time."""
    added_on: date | None = None

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        return bool(self.shelves or self.read_on or self.added_on)


class OwnBooks(Protocol):
    """The shelves and dates of members. They belong to the account, and go with it."""

    @abstractmethod
    async def put(self, account_id: UUID, books: Mapping[UUID, OwnBook]) -> None:
        """Store what is kept of these books, by their ids, in place of what was kept before."""

    @abstractmethod
    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, OwnBook]:
        """Return what the reviewer's account keeps of these books, by their ids."""

    @abstractmethod
    async def page(
        self, account_id: UUID, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[tuple[UUID, OwnBook]]:
        """Return what is kept of up to ``limit`` books, ordered by their ids, from ``after`` on."""
