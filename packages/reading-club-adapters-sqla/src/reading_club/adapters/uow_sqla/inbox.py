"""The inbox on SQL, and what is missing in it."""

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, delete, exists, func, or_, select

from reading_club.adapters.uow_sqla.clock import database_time
from reading_club.adapters.uow_sqla.orm import (
    attempts,
    dead_letters,
    inbox,
    messages,
    outbox,
    resends,
    subscriptions,
)
from reading_club.adapters.uow_sqla.outbox import SQLOutboxEntries
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into, insert_once
from reading_club.service.dead_letters import RELAY
from reading_club.service.inbox import Receipt
from reading_club.service.outbox.port import EVERYBODY, Key


class SQLInbox:
    """The receipts, in the table ``inbox``, and the attempts, in the table ``attempts``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def receive(self, receipt: Receipt) -> bool:
        """Insert the receipt; False if it is there. Another transaction's is waited for."""
        now = database_time(self.session.dialect)
        return await insert_once(self.session, inbox, {**receipt._asdict(), "received_at": now})

    async def count_attempt(self, receipt: Receipt, *, apart: float = 0.0) -> int:
        """Count one more attempt, unless the last one is closer."""
        now = database_time(self.session.dialect)
        counted = (
            insert_into(self.session, attempts)
            .values({**receipt._asdict(), "number": 1, "at": now})
            .on_conflict_do_update(
                index_elements=["subscriber", "message_id"],
                set_={"number": attempts.c.number + 1, "at": now},
                where=attempts.c.at <= database_time(self.session.dialect, -apart),
            )
            .returning(attempts.c.number)
        )
        number = (await self.session.write(counted)).scalar_one_or_none()
        if number is None:
            known = select(attempts.c.number).where(*_of(receipt))
            number = (await self.session.read(known)).scalar_one()
        return int(number)

    async def forget_attempts(self, receipt: Receipt) -> None:
        """Delete the count."""
        await self.session.write(delete(attempts).where(*_of(receipt)))


def _of(receipt: Receipt) -> tuple[Any, Any]:
    return (
        attempts.c.subscriber == receipt.subscriber,
        attempts.c.message_id == receipt.message_id,
    )


class SQLReceipts:
    """Subscriptions, in the table ``subscriptions``, and what they miss."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def subscribe(self, subscriber: str, types: Collection[str]) -> None:
        """Insert what is not there."""
        since = database_time(self.session.dialect)
        for type_ in sorted(types):
            row = {"subscriber": subscriber, "type": type_, "since": since}
            await insert_once(self.session, subscriptions, row)

    async def resend_missing(self, *, after: float, horizon: float, limit: int) -> int:
        """Put what is missing into the outbox, and note when it may be sent once more."""
        missing = (await self.session.read(self._missing(after, horizon).limit(limit))).all()
        entries = SQLOutboxEntries(self.session)
        for row in missing:
            await entries.add(Key(row.message_id, row.subscriber))
        for number, rows in groupby(
            sorted(missing, key=attrgetter("number")), attrgetter("number")
        ):
            await self._note(list(rows), number + 1, after * 2.0 ** (number + 1))
        return len(missing)

    async def _note(self, rows: Sequence[Row[Any]], number: int, pause: float) -> None:
        again_at = database_time(self.session.dialect, pause)
        values = [
            {
                "subscriber": row.subscriber,
                "message_id": row.message_id,
                "number": number,
                "again_at": again_at,
            }
            for row in rows
        ]
        insert = insert_into(self.session, resends).values(values)
        update = {"number": insert.excluded.number, "again_at": insert.excluded.again_at}
        keys = ["subscriber", "message_id"]
        await self.session.write(insert.on_conflict_do_update(index_elements=keys, set_=update))

    def _missing(self, after: float, horizon: float) -> Select[Any, Any, Any]:
        """Return the query for what was published and heard, and left no trace."""
        dialect, id_, subscriber = self.session.dialect, messages.c.id, subscriptions.c.subscriber
        again = (resends.c.message_id == id_) & (resends.c.subscriber == subscriber)
        return (
            select(
                id_.label("message_id"),
                subscriber.label("subscriber"),
                func.coalesce(resends.c.number, 0).label("number"),
            )
            .join(subscriptions, subscriptions.c.type == messages.c.type)
            .outerjoin(resends, again)
            .where(
                messages.c.created_at <= database_time(dialect, -after),
                messages.c.created_at >= database_time(dialect, -horizon),
                messages.c.created_at >= subscriptions.c.since,
                or_(resends.c.again_at.is_(None), resends.c.again_at <= database_time(dialect)),
                ~exists().where(
                    inbox.c.message_id == id_, inbox.c.subscriber.in_([RELAY, subscriber])
                ),
                ~exists().where(
                    dead_letters.c.message_id == id_,
                    dead_letters.c.subscriber.in_([RELAY, subscriber]),
                ),
                ~exists().where(
                    outbox.c.message_id == id_, outbox.c.subscriber.in_([EVERYBODY, subscriber])
                ),
            )
            .order_by(messages.c.created_at, id_, subscriber)
        )
