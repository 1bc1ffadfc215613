"""What members follow, in memory."""

from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import AccountNotFound, BookNotFound, FollowsTooMany
from reading_club.service.notifications.follows import (
    MOST_BOOKS,
    FollowedBook,
    Following,
    Follows,
)


class InMemoryFollows(Follows):
    """What members follow, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def follow_club(self, account_id: UUID) -> None:
        """Store a row."""
        now = self.transaction.now

        def insert(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            tables.club_followers.setdefault(account_id, now)

        self.transaction.write(insert)

    async def unfollow_club(self, account_id: UUID) -> None:
        """Delete the row."""
        self.transaction.write(lambda tables: tables.club_followers.pop(account_id, None))

    async def follow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Store a row."""
        now = self.transaction.now

        def insert(tables: InMemoryDatabase) -> None:
            if not _is_on_shelf(tables, book_id):
                raise BookNotFound(book_id)
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            if (account_id, book_id) in tables.book_followers:
                return
            followed = (book for account, book in tables.book_followers if account == account_id)
            if sum(_is_on_shelf(tables, book) for book in followed) >= MOST_BOOKS:
                raise FollowsTooMany(MOST_BOOKS)
            tables.book_followers[account_id, book_id] = now

        self.transaction.write(insert)

    async def unfollow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Delete the row."""
        key = (account_id, book_id)
        self.transaction.write(lambda tables: tables.book_followers.pop(key, None))

    async def follows_book(self, account_id: UUID, book_id: UUID) -> bool:
        """Whether there is a row."""
        return (account_id, book_id) in self.transaction.tables.book_followers

    async def of(self, account_id: UUID) -> Following:
        """Return the rows of the account."""
        tables = self.transaction.tables
        followed = sorted(
            (
                (since, book_id)
                for (account, book_id), since in tables.book_followers.items()
                if account == account_id and _is_on_shelf(tables, book_id)
            ),
            reverse=True,
        )
        books = [FollowedBook(id_, tables.books[id_].title) for _, id_ in followed]
        return Following(account_id in tables.club_followers, books)


def _is_on_shelf(tables: InMemoryDatabase, book_id: UUID) -> bool:
    book = tables.books.get(book_id)
    return book is not None and not book.withdrawn
