"""The pauses and the returned messages on SQL."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, exists, select

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.ports.inbox import InboxKey


class SQLPauses:
    """The paused subscribers, in the table ``pauses``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def pause(self, subscriber: str) -> bool:
        """Insert a pause; False if stored."""
        row = {"subscriber": subscriber}
        return await statements.insert_new(self.session, self.session.tables.pauses, row)

    async def resume(self, subscriber: str) -> bool:
        """Delete a pause; False if there is none."""
        pauses = self.session.tables.pauses
        ended = delete(pauses).where(pauses.c.subscriber == subscriber)
        return (await self.session.write(ended)).rowcount == 1

    async def list(self) -> Mapping[str, datetime]:
        """Select the start of each pause, by subscriber."""
        pauses = self.session.tables.pauses
        rows = await self.session.read(select(pauses).order_by(pauses.c.subscriber))
        return {row.subscriber: row.since for row in rows}

    async def is_paused(self, subscriber: str) -> bool:
        """Look the subscriber's pause up, by its primary key."""
        pauses = self.session.tables.pauses
        found = select(exists().where(pauses.c.subscriber == subscriber))
        return bool((await self.session.read(found)).scalar_one())


class SQLReturnedMessages:
    """The returned messages, in the table ``returned``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, inbox_keys: Collection[InboxKey]) -> None:
        """Insert rows by one statement, in the order of their keys; existing ones stay."""
        rows = [key._asdict() for key in sorted(set(inbox_keys))]
        await statements.insert_new_many(self.session, self.session.tables.returned, rows)

    async def take(self, inbox_keys: Collection[InboxKey]) -> Collection[InboxKey]:
        """Delete rows, by one statement for each subscriber; return the keys of deleted rows."""
        returned, taken = self.session.tables.returned, set[InboxKey]()
        for subscriber in sorted({key.subscriber for key in inbox_keys}):
            ids = sorted(key.message_id for key in inbox_keys if key.subscriber == subscriber)
            mine = statements.in_values(self.session, returned.c.message_id, ids)
            gone = delete(returned).where(returned.c.subscriber == subscriber, mine)
            rows = await self.session.write(gone.returning(returned.c.message_id))
            taken |= {InboxKey(subscriber, row.message_id) for row in rows}
        return taken
