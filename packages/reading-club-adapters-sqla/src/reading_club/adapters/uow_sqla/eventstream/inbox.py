"""The inbox, and the attempts to handle messages, on SQL."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Row, case, delete, exists, select, update

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime, SecondsSince
from reading_club.eventstream.ports.inbox import Attempts, InboxKey


class SQLInbox:
    """Received messages, in the table ``inbox``, and attempts, in the table ``attempts``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def insert_new(self, inbox_key: InboxKey) -> bool:
        """Insert the inbox row; False if stored. Waits for a transaction that inserts the same."""
        return bool(await self.insert_new_many([inbox_key]))

    async def insert_new_many(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Insert inbox rows by one statement, and return the keys of new rows.

        Rows are inserted in the order of their keys: transactions with the same messages wait
        for each other and cannot deadlock.
        """
        if not inbox_keys:
            return []
        inserted = await statements.insert_many(
            self.session,
            statements.insert_new_returning(self.session.dialect, self.session.tables.inbox),
            [inbox_key._asdict() for inbox_key in sorted(set(inbox_keys))],
        )
        return {InboxKey(row["subscriber"], row["message_id"]) for row in inserted}

    async def count_attempt(self, inbox_key: InboxKey, *, min_interval: float = 0.0) -> Attempts:
        """Count an attempt, unless the last is younger than ``min_interval``."""
        due = self.session.tables.attempts.c.at <= DatabaseTime(-min_interval)
        row = await self._add(inbox_key, "number", 1, due if min_interval else None)
        if row is None:
            return await self.attempts(inbox_key)
        return Attempts(row.number, 0.0, row.at, counted=True)

    async def attempts(self, inbox_key: InboxKey) -> Attempts:
        """Return the number of attempts and its age in seconds; begins as a writer on SQLite."""
        attempts = self.session.tables.attempts
        known = select(*self._columns).where(statements.has_key(attempts, inbox_key))
        row = (await self.session.write(known)).one_or_none()
        return Attempts() if row is None else Attempts(*row)

    async def take_back_attempt(self, inbox_key: InboxKey) -> Attempts:
        """Decrement the number of attempts, if it is positive, and return it."""
        attempts = self.session.tables.attempts
        any_attempt = update(attempts).where(
            statements.has_key(attempts, inbox_key), attempts.c.number > 0
        )
        one_less = any_attempt.values(number=attempts.c.number - 1).returning(*self._columns)
        row = (await self.session.write(one_less)).one_or_none()
        return Attempts() if row is None else Attempts(*row)

    @property
    def _columns(self) -> tuple[ColumnElement[Any], ...]:
        """The columns of ``Attempts``."""
        attempts = self.session.tables.attempts.c
        return attempts.number, SecondsSince(attempts.at).label("age"), attempts.at

    async def count_stall(self, inbox_key: InboxKey, *, within: float) -> int:
        """Return the stalls, one more if others were received in the last ``within`` seconds."""
        inbox = self.session.tables.inbox.c
        others = exists().where(
            inbox.subscriber == inbox_key.subscriber, inbox.received_at > DatabaseTime(-within)
        )
        one = case((others, 1), else_=0)
        row = await self._add(inbox_key, "stalls", one)
        return 0 if row is None else int(row.stalls)

    async def forget_attempts(self, inbox_key: InboxKey) -> None:
        """Delete the counts of attempts and stalls."""
        attempts = self.session.tables.attempts
        await self.session.write(delete(attempts).where(statements.has_key(attempts, inbox_key)))

    async def _add(
        self,
        inbox_key: InboxKey,
        column: str,
        number: int | ColumnElement[int],
        condition: ColumnElement[bool] | None = None,
    ) -> Row[Any] | None:
        """Add to a count; return the row, or None if a stored one does not meet the condition."""
        attempts, now = self.session.tables.attempts, DatabaseTime()
        row = {**inbox_key._asdict(), "number": 0, "at": now, column: number}
        insert = statements.insert_into(self.session.dialect, attempts).values(row)
        # In SET a subquery would name its tables without their schema.
        counted = insert.on_conflict_do_update(
            index_elements=["subscriber", "message_id"],
            set_={column: attempts.c[column] + insert.excluded[column], "at": now},
            where=condition,
        )
        return (await self.session.write(counted.returning(*attempts.c))).one_or_none()
