"""The message store and the activity log on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from messagebus import AsyncAbstractEventstreamTransport, Message
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.outbox import SQLOutboxEntries
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import (
    insert_all_once,
    insert_into,
    insert_rows,
)
from reading_club.service.activity import ActivityEntry
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

        With a lease, what is to be published gets a row in the outbox as well. Raises
        MessageAlreadyStored.
        """
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), ROWS_A_STATEMENT):
            chunk = rows[start : start + ROWS_A_STATEMENT]
            try:
                await insert_rows(
                    self.session, insert_into(self.session.dialect, orm.messages), chunk
                )
            except IntegrityError as exc:
                raise MessageAlreadyStored("a message with this id is stored already") from exc
            published = [row["id"] for row in chunk if row["metadata"]["published"]]
            if self.lease is not None and published:
                await SQLOutboxEntries(self.session).add_leased(published, self.lease)


class SQLActivityLog:
    """The activity log, in the table ``activity``."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._rows: dict[UUID, dict[str, Any]] = {}

    async def record(self, entry: ActivityEntry) -> None:
        """Collect an entry, to be inserted before the commit; a known id changes nothing."""
        self._rows.setdefault(entry.id, entry.model_dump())

    async def flush(self) -> None:
        """Insert what was collected, by one statement."""
        rows, self._rows = self._rows, {}
        await insert_all_once(self.session, orm.activity, [rows[id_] for id_ in sorted(rows)])

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return the entries of a page, the highest id first."""
        await self.flush()
        statement = select(orm.activity).order_by(orm.activity.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(orm.activity.c.id < before)
        rows = await self.session.read(statement)
        return [ActivityEntry.model_validate(row._asdict()) for row in rows]
