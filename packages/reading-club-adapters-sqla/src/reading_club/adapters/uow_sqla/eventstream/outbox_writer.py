"""The transaction's side of the outbox, on SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import exists, literal, select

from reading_club.adapters.uow_sqla import statements
from reading_club.adapters.uow_sqla.eventstream.history import redacted_message
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.ports.outbox import NO_LEASE, OutboxKey


class SQLOutboxWriter:
    """The transaction's side of the outbox: inserts rows."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, key: OutboxKey, envelope: Mapping[str, Any] | None = None) -> None:
        """Insert a row that is due at the commit, unless the event has one for the subscriber."""
        await self.add_all([key], envelope)

    async def add_all(
        self,
        keys: Sequence[OutboxKey],
        envelope: Mapping[str, Any] | None = None,
        *,
        pause: float = 0.0,
    ) -> None:
        """Insert rows by one statement, due in ``pause`` seconds; existing rows stay.

        ``envelope`` is of the first key's message.
        """
        if keys:
            envelope = await self._unless_redacted(keys[0], envelope)
            await statements.insert_many(
                self.session,
                statements.insert_new_into(self.session.dialect, self.session.tables.outbox),
                [key._asdict() for key in keys],
                constants={"token": NO_LEASE, "attempts": 0, "envelope": envelope},
                timestamps={"leased_until": pause},
            )

    async def defer(
        self, key: OutboxKey, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Insert or replace the row, due in ``pause`` seconds, unless received or dead-lettered.

        The new row replaces an existing one, also one that is leased.
        """
        tables = self.session.tables
        columns = tables.outbox.c
        sent = await self._unless_redacted(key, envelope)
        row = {**key._asdict(), "token": NO_LEASE, "attempts": 0, "envelope": sent}
        row |= {"reason": reason, "attempted": True}
        values = [literal(value, columns[name].type).label(name) for name, value in row.items()]
        not_done = [
            ~exists().where(statements.has_key(done, key))
            for done in (tables.inbox, tables.dead_letters)
        ]
        deferred = select(*values, DatabaseTime(pause).label("leased_until")).where(*not_done)
        names = [*row, "leased_until"]
        insert = statements.insert_into(self.session.dialect, tables.outbox).from_select(
            names, deferred
        )
        replaced = {name: insert.excluded[name] for name in names}
        keys = ["message_id", "subscriber"]
        await self.session.write(insert.on_conflict_do_update(index_elements=keys, set_=replaced))

    async def _unless_redacted(
        self, key: OutboxKey, envelope: Mapping[str, Any] | None
    ) -> dict[str, Any] | None:
        """Return the envelope, None if its message was redacted: the stored one is sent."""
        if envelope is None or await redacted_message(self.session, key.message_id):
            return None
        return dict(envelope)
