"""The inbox on SQL."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import case, delete, exists, select, update

from reading_club.adapters.uow_sqla.clock import database_time, seconds_since
from reading_club.adapters.uow_sqla.orm import (
    attempts,
    inbox,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into, insert_new_into, insert_rows
from reading_club.service.inbox import Attempts, Receipt


@lru_cache(maxsize=4)
def _insert(dialect: str) -> Any:
    insert = insert_new_into(dialect, inbox)
    return insert.returning(inbox.c.subscriber, inbox.c.message_id)


class SQLInbox:
    """The receipts, in the table ``inbox``, and the attempts, in the table ``attempts``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def receive(self, receipt: Receipt) -> bool:
        """Insert the receipt; False if it is there. Another transaction's is waited for."""
        return bool(await self.receive_all([receipt]))

    async def receive_all(self, receipts: Collection[Receipt]) -> Collection[Receipt]:
        """Insert the receipts by one statement, and return those that were not there.

        They are inserted in the same order by everybody, so that two transactions with the
        same messages wait for each other and do not lock each other out.
        """
        inserted = await insert_rows(
            self.session,
            _insert(self.session.dialect),
            [receipt._asdict() for receipt in sorted(set(receipts))],
            moments={"received_at": 0.0},
        )
        return {Receipt(row["subscriber"], row["message_id"]) for row in inserted}

    async def count_attempt(self, receipt: Receipt, *, apart: float = 0.0) -> int:
        """Count one more attempt, unless the last one is closer."""
        now = database_time(self.session.dialect)
        counted = (
            insert_into(self.session.dialect, attempts)
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

    async def attempts(self, receipt: Receipt) -> Attempts:
        """Return the count and its age; it is read as a writer does, who may follow."""
        age = seconds_since(self.session.dialect, attempts.c.at).label("age")
        known = select(attempts.c.number, age).where(*_of(receipt))
        row = (await self.session.write(known)).one_or_none()
        return Attempts() if row is None else Attempts(row.number, row.age)

    async def take_back_attempt(self, receipt: Receipt) -> None:
        """Count one attempt less, if there is one."""
        one_less = update(attempts).values(number=attempts.c.number - 1)
        await self.session.write(one_less.where(*_of(receipt), attempts.c.number > 0))

    async def count_stall(self, receipt: Receipt) -> int:
        """Note a stall, and count it if others have been received since the last one."""
        others = exists().where(
            inbox.c.subscriber == receipt.subscriber, inbox.c.received_at > attempts.c.at
        )
        now = database_time(self.session.dialect)
        counted = (
            insert_into(self.session.dialect, attempts)
            .values({**receipt._asdict(), "number": 0, "at": now, "stalls": 0})
            .on_conflict_do_update(
                index_elements=["subscriber", "message_id"],
                set_={
                    "stalls": case((others, attempts.c.stalls + 1), else_=attempts.c.stalls),
                    "at": now,
                },
            )
            .returning(attempts.c.stalls)
        )
        return int((await self.session.write(counted)).scalar_one())

    async def forget_attempts(self, receipt: Receipt) -> None:
        """Delete the count."""
        await self.session.write(delete(attempts).where(*_of(receipt)))


def _of(receipt: Receipt) -> tuple[Any, Any]:
    return (
        attempts.c.subscriber == receipt.subscriber,
        attempts.c.message_id == receipt.message_id,
    )
