"""The message store, the activity log and the dead letters on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from messagebus import AsyncAbstractEventstreamTransport, Message
from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.service.activity import ActivityEntry
from reading_club.service.dead_letters import DeadLetter
from reading_club.service.errors import MessageAlreadyStored
from reading_club.service.uow import AbstractMessageStore

ROWS_A_STATEMENT = 500


class SQLMessageStore(AbstractMessageStore):
    """Collects the messages of a transaction, and inserts them all at its commit."""

    def __init__(self, transport: AsyncAbstractEventstreamTransport, session: Session) -> None:
        super().__init__(transport)
        self.session = session
        self._rows: list[dict[str, Any]] = []

    async def _add(self, message: Message[Any]) -> None:
        metadata = message.metadata
        self._rows.append(
            {
                "id": message.message_id,
                "created_at": message.created_at,
                "type": f"{metadata.name}_v{metadata.schema_version}",
                "metadata": metadata.model_dump(),
                "payload": message.model_dump(
                    mode="json", exclude={"message_id", "created_at", "metadata"}
                ),
            }
        )

    async def flush(self) -> None:
        """Insert what was added, in its order, by as few statements as possible.

        Raises MessageAlreadyStored.
        """
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            chunk = rows[start : start + ROWS_A_STATEMENT]
            try:
                await self.session.write(insert(orm.messages).values(chunk))
            except IntegrityError as exc:
                raise MessageAlreadyStored("a message with this id is stored already") from exc


class SQLActivityLog:
    """The activity log, in the table ``activity``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def record(self, entry: ActivityEntry) -> None:
        """Insert an entry; one with a known id changes nothing."""
        await _insert_once(self.session, orm.activity, entry.model_dump())

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return the entries of a page, the highest id first."""
        statement = select(orm.activity).order_by(orm.activity.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(orm.activity.c.id < before)
        rows = await self.session.read(statement)
        return [ActivityEntry.model_validate(row._asdict()) for row in rows]


class SQLDeadLetters:
    """The dead letters, in the table ``dead_letters``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, letter: DeadLetter) -> None:
        """Insert a letter; the same message for the same subscriber again changes nothing."""
        await _insert_once(self.session, orm.dead_letters, letter.model_dump())

    async def page(self, *, limit: int = 50) -> Sequence[DeadLetter]:
        """Return up to ``limit`` letters, the newest first."""
        columns = orm.dead_letters.c
        newest_first = (columns.set_aside_at.desc(), columns.message_id.desc())
        rows = await self.session.read(
            select(orm.dead_letters).order_by(*newest_first).limit(limit)
        )
        return [DeadLetter.model_validate(row._asdict()) for row in rows]


async def _insert_once(session: Session, table: Table, row: dict[str, Any]) -> None:
    """Insert a row unless its key is there."""
    if session.dialect == "postgresql":
        await session.write(postgresql.insert(table).values(row).on_conflict_do_nothing())
    else:
        await session.write(sqlite.insert(table).values(row).on_conflict_do_nothing())
