"""What members follow, on SQL."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, exists, func, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import holds, insert_for
from reading_club.adapters.uow_sqla.session import Session
from reading_club.domain.errors import AccountNotFound, BookNotFound, FollowsTooMany
from reading_club.service.notifications.follows import (
    MOST_BOOKS,
    FollowedBook,
    Following,
    Follows,
)

_CLUB, _BOOK = orm.club_followers.c, orm.book_followers.c
_ON_SHELF = (_BOOK.book_id == orm.books.c.id) & ~orm.books.c.withdrawn


class SQLFollows(Follows):
    """What members follow, in the tables ``club_followers`` and ``book_followers``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def follow_club(self, account_id: UUID) -> None:
        """Insert a row, if there is its account."""
        row = {"account_id": account_id}
        if await insert_for(self.session, account_id, orm.club_followers, row) is None:
            await self._require_account(account_id)

    async def unfollow_club(self, account_id: UUID) -> None:
        """Delete the row."""
        mine = delete(orm.club_followers).where(_CLUB.account_id == account_id)
        await self.session.write(mine)

    async def follow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Insert a row, if there are its account and its book."""
        row = {"account_id": account_id, "book_id": book_id}
        is_there = exists().where(orm.books.c.id == book_id, ~orm.books.c.withdrawn)
        mine = (
            select(func.count(_BOOK.book_id))
            .join(orm.books, _ON_SHELF)
            .where(_BOOK.account_id == account_id)
            .scalar_subquery()
        )
        conditions = (is_there, mine < MOST_BOOKS)
        stored = await insert_for(self.session, account_id, orm.book_followers, row, *conditions)
        if stored is not None:
            return
        if not await holds(self.session, is_there):
            raise BookNotFound(book_id)
        if not await self.follows_book(account_id, book_id):
            await self._require_account(account_id)
            raise FollowsTooMany(MOST_BOOKS)

    async def unfollow_book(self, account_id: UUID, book_id: UUID) -> None:
        """Delete the row."""
        await self.session.write(delete(orm.book_followers).where(_is(account_id, book_id)))

    async def follows_book(self, account_id: UUID, book_id: UUID) -> bool:
        """Whether there is a row."""
        return await holds(self.session, exists().where(_is(account_id, book_id)))

    async def of(self, account_id: UUID) -> Following:
        """Return the rows of the account, by two statements."""
        statement = (
            select(orm.books.c.id, orm.books.c.title)
            .join(orm.book_followers, _ON_SHELF)
            .where(_BOOK.account_id == account_id)
            .order_by(_BOOK.since.desc(), _BOOK.book_id.desc())
        )
        books = [FollowedBook(row.id, row.title) for row in await self.session.read(statement)]
        return Following(
            await holds(self.session, exists().where(_CLUB.account_id == account_id)), books
        )

    async def _require_account(self, account_id: UUID) -> None:
        if not await holds(self.session, exists().where(orm.accounts.c.id == account_id)):
            raise AccountNotFound(account_id)


def _is(account_id: UUID, book_id: UUID) -> ColumnElement[bool]:
    return (_BOOK.account_id == account_id) & (_BOOK.book_id == book_id)
