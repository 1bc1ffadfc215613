"""The inbox, and the attempts to handle messages, on SQL."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, case, delete, exists, select, update

from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into, insert_many, insert_new_into
from reading_club.adapters.uow_sqla.types import DatabaseTime, SecondsSince
from reading_club.eventstream.ports.inbox import Attempts, InboxKey


@lru_cache(maxsize=4)
def _insert(dialect: str, inbox: Table) -> Any:
    insert = insert_new_into(dialect, inbox)
    return insert.returning(inbox.c.subscriber, inbox.c.message_id)


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
        inserted = await insert_many(
            self.session,
            _insert(self.session.dialect, self.session.tables.inbox),
            [inbox_key._asdict() for inbox_key in sorted(set(inbox_keys))],
        )
        return {InboxKey(row["subscriber"], row["message_id"]) for row in inserted}

    async def count_attempt(self, inbox_key: InboxKey, *, min_interval: float = 0.0) -> int:
        """Count an attempt, unless the last is younger than ``min_interval``; return the count."""
        attempts = self.session.tables.attempts
        now = DatabaseTime()
        counted = (
            insert_into(self.session.dialect, attempts)
            .values({**inbox_key._asdict(), "number": 1, "at": now})
            .on_conflict_do_update(
                index_elements=["subscriber", "message_id"],
                set_={"number": attempts.c.number + 1, "at": now},
                where=attempts.c.at <= DatabaseTime(-min_interval),
            )
            .returning(attempts.c.number)
        )
        number = (await self.session.write(counted)).scalar_one_or_none()
        if number is None:
            known = select(attempts.c.number).where(*self._of(inbox_key))
            number = (await self.session.read(known)).scalar_one()
        return int(number)

    async def attempts(self, inbox_key: InboxKey) -> Attempts:
        """Return the number of attempts and its age in seconds; begins as a writer on SQLite."""
        attempts = self.session.tables.attempts
        age = SecondsSince(attempts.c.at).label("age")
        known = select(attempts.c.number, age).where(*self._of(inbox_key))
        row = (await self.session.write(known)).one_or_none()
        return Attempts() if row is None else Attempts(row.number, row.age)

    async def take_back_attempt(self, inbox_key: InboxKey) -> None:
        """Decrement the number of attempts, if it is positive."""
        attempts = self.session.tables.attempts
        one_less = update(attempts).values(number=attempts.c.number - 1)
        await self.session.write(one_less.where(*self._of(inbox_key), attempts.c.number > 0))

    async def count_stall(self, inbox_key: InboxKey, *, within: float) -> int:
        """Return the stalls, one more if others were received in the last ``within`` seconds."""
        inbox, attempts = self.session.tables.inbox, self.session.tables.attempts
        dialect = self.session.dialect
        now, since = DatabaseTime(), DatabaseTime(-within)
        others = exists().where(
            inbox.c.subscriber == inbox_key.subscriber, inbox.c.received_at > since
        )
        one = case((others, 1), else_=0)
        counted = (
            insert_into(dialect, attempts)
            .values({**inbox_key._asdict(), "number": 0, "at": now, "stalls": one})
            .on_conflict_do_update(
                index_elements=["subscriber", "message_id"],
                set_={"stalls": attempts.c.stalls + one, "at": now},
            )
            .returning(attempts.c.stalls)
        )
        return int((await self.session.write(counted)).scalar_one())

    async def forget_attempts(self, inbox_key: InboxKey) -> None:
        """Delete the counts of attempts and stalls."""
        await self.session.write(delete(self.session.tables.attempts).where(*self._of(inbox_key)))

    def _of(self, inbox_key: InboxKey) -> tuple[Any, Any]:
        attempts = self.session.tables.attempts
        return (
            attempts.c.subscriber == inbox_key.subscriber,
            attempts.c.message_id == inbox_key.message_id,
        )
