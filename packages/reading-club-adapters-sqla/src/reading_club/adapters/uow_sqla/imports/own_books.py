"""The shelves and dates of members on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.imports.rows import cells_of, to_json
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import in_values, insert_into, insert_many
from reading_club.service.imports.own_books import OwnBook, OwnBooks

_COLUMNS = orm.own_books.c


class SQLOwnBooks(OwnBooks):
    """The shelves and dates, in the table ``own_books``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, account_id: UUID, books: Mapping[UUID, OwnBook]) -> None:
        """Insert or update the rows by one statement."""
        rows = [
            {
                "account_id": account_id,
                "book_id": book_id,
                "shelves": to_json(book.shelves),
                "read_on": book.read_on,
                "added_on": book.added_on,
            }
            for book_id, book in books.items()
        ]
        if rows:
            insert = insert_into(self.session.dialect, orm.own_books)
            changed = {name: insert.excluded[name] for name in ("shelves", "read_on", "added_on")}
            keys = [_COLUMNS.account_id, _COLUMNS.book_id]
            upsert = insert.on_conflict_do_update(index_elements=keys, set_=changed)
            await insert_many(self.session, upsert, rows)

    async def of_books(self, reviewer_id: UUID, book_ids: Sequence[UUID]) -> Mapping[UUID, OwnBook]:
        """Select the rows."""
        statement = (
            select(*_COLUMNS)
            .join(orm.accounts, _COLUMNS.account_id == orm.accounts.c.id)
            .where(
                orm.accounts.c.reviewer_id == reviewer_id,
                in_values(self.session, _COLUMNS.book_id, book_ids),
            )
        )
        return {row.book_id: _own_book(row) for row in await self.session.read(statement)}

    async def page(
        self, account_id: UUID, *, after: UUID | None = None, limit: int = 100
    ) -> Sequence[tuple[UUID, OwnBook]]:
        """Select the rows."""
        statement = select(*_COLUMNS).where(_COLUMNS.account_id == account_id)
        if after is not None:
            statement = statement.where(_COLUMNS.book_id > after)
        rows = await self.session.read(statement.order_by(_COLUMNS.book_id).limit(limit))
        return [(row.book_id, _own_book(row)) for row in rows]


def _own_book(row: Row[Any]) -> OwnBook:
    return OwnBook(cells_of(row.shelves), row.read_on, row.added_on)
