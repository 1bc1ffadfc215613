"""Reads rows of dead letters, also those whose fields cannot be read as they should."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import ColumnElement, Row, Text, cast, delete, func, select

from reading_club.adapters.uow_sqla.session import Session
from reading_club.eventstream.ports.dead_letters import DeadLetter

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for a time that cannot be read."""
UUID_LENGTH: Final = 32
"""Digits of a UUID as SQLite stores it."""


async def read_dead_letters(
    session: Session, *conditions: ColumnElement[bool], limit: int | None = None, skip: int = 0
) -> Sequence[DeadLetter]:
    """Return the dead letters that match, the newest first.

    Columns are selected as text, so that the driver decodes none: of a row with an unreadable field
    the envelope is its stored text, and no row keeps another from being read.
    """
    table = session.tables.dead_letters
    columns = [cast(column, Text).label(column.name) for column in table.columns]
    newest_first = (table.c.set_aside_at.desc(), table.c.message_id.desc())
    found = select(*columns).where(*conditions).order_by(*newest_first)
    rows = await session.read(found.limit(limit).offset(skip))
    return [_dead_letter(row) for row in rows]


async def remove_unreadable_id(session: Session, letter: DeadLetter) -> bool:
    """Delete a dead letter whose id in the database is no UUID; False if there is none.

    PostgreSQL stores nothing else than UUIDs.
    """
    if session.dialect == "postgresql":
        return False
    table = session.tables.dead_letters
    stored = cast(table.c.message_id, Text)
    mine = table.c.subscriber == letter.subscriber
    texts = await session.write(select(stored).where(mine, func.length(stored) != UUID_LENGTH))
    for text in texts.scalars():
        if readable_id(text) == letter.message_id:
            await session.write(delete(table).where(mine, stored == text))
            return True
    return False


def _dead_letter(row: Row[Any]) -> DeadLetter:
    fields = {**row._asdict(), "parked": row.parked in {"1", "true"}}
    try:
        read = {"envelope": json.loads(row.envelope), "set_aside_at": _time(row.set_aside_at)}
        return DeadLetter.model_validate(fields | read)
    except (ValueError, RecursionError):
        return _unreadable(row, parked=fields["parked"])


def _unreadable(row: Row[Any], *, parked: bool) -> DeadLetter:
    """Return a dead letter of what can be read, whose envelope is a text: it can be discarded."""
    return DeadLetter(
        subscriber=row.subscriber,
        message_id=readable_id(row.message_id),
        type=row.type,
        envelope=row.envelope,
        error=row.error,
        set_aside_at=readable_time(row.set_aside_at),
        attempts=int(row.attempts) if row.attempts.isdecimal() else 0,
        parked=parked,
    )


def readable_id(text: str) -> UUID:
    """Return the UUID in a text; of a text that is none, a UUIDv5."""
    try:
        return UUID(text)
    except ValueError:
        return uuid5(NAMESPACE_URL, text)


def readable_time(text: str) -> datetime:
    """Return the time in a text of the database, BEGINNING if there is none."""
    try:
        return _time(text)
    except ValueError:
        return BEGINNING


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
