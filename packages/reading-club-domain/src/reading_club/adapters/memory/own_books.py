"""The shelves and dates of members, in memory."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.service.imports.own_books import OwnBook, OwnBooks


class InMemoryOwnBooks(OwnBooks):
    """The shelves and dates, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def put(self, account_id: UUID, books: Mapping[UUID, OwnBook]) -> None:
        """Store rows."""
        rows = {(account_id, book_id): book for book_id, book in books.items()}
        self.transaction.write(lambda tables: tables.own_books.update(rows))

    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, OwnBook]:
        """Return rows."""
        tables = self.transaction.tables
        accounts = {row.id for row in tables.accounts.values() if row.reviewer_id == reviewer_id}
        return {
            book_id: book
            for (account_id, book_id), book in tables.own_books.items()
            if account_id in accounts and book_id in book_ids
        }

    async def page(
        self, account_id: UUID, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[tuple[UUID, OwnBook]]:
        """Return rows."""
        rows = self.transaction.tables.own_books.items()
        mine = {key[1]: book for key, book in rows if key[0] == account_id}
        ids = [book_id for book_id in sorted(mine) if after is None or book_id > after]
        return [(book_id, mine[book_id]) for book_id in ids[:limit]]
