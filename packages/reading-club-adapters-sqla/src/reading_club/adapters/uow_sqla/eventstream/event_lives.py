"""The life of one event on SQL: each query is by a key, or by a bounded range of an index."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, false, or_, select, true

from reading_club.adapters.uow_sqla.eventstream.life_facts import facts_of
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.eventstream.context import MessageContext
from reading_club.eventstream.life_steps import LifeFacts, steps_of, trace_id
from reading_club.eventstream.ports.event_lives import (
    ALL_MESSAGES,
    EFFECT_WITHIN,
    LOOK_BACK,
    MOST_EFFECTS,
    EventLife,
    MessageFilter,
    MessageSummary,
)

_LOOK_BACK: Final = DatabaseTime(-LOOK_BACK)


class SQLEventLives:
    """Reads the tables of the stream that have rows of single messages."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.columns = session.tables.messages.c

    async def find(self, message_id: UUID) -> EventLife | None:
        """Return the life of a message, by a dozen short queries."""
        row = await self._message(message_id)
        if row is None:
            return None
        facts, context = await facts_of(self.session, _summary(row)), _context(row)
        cause = await self._message(context.causation_id)
        return EventLife(
            message=facts.message,
            trace_id=trace_id(context),
            cause=None if cause is None else _summary(cause),
            effects=await self._effects(facts),
            steps=steps_of(facts),
        )

    async def list(
        self, wanted: MessageFilter = ALL_MESSAGES, *, limit: int = 50
    ) -> Sequence[MessageSummary]:
        """Select messages backwards, by the index of ``recorded_at`` if they are filtered."""
        columns, since = self.columns, await self._since(wanted)
        conditions = list(self._conditions(wanted, since))
        order = (columns.recorded_at.desc(), columns.position.desc())
        rows = await self._messages(
            and_(true(), *conditions), order if conditions else order[1:], limit
        )
        return [_summary(row) for row in rows]

    async def _message(self, message_id: UUID | None) -> Row[Any] | None:
        if message_id is None:
            return None
        rows = await self._messages(self.columns.id == message_id, (), 1)
        return rows[0] if rows else None

    async def _messages(
        self, condition: ColumnElement[bool], order: Sequence[ColumnElement[Any]], limit: int
    ) -> Sequence[Row[Any]]:
        """Select messages without their payloads."""
        columns = [column for column in self.columns if column.name != "payload"]
        query = select(*columns).where(condition).order_by(*order).limit(limit)
        return (await self.session.read(query)).all()

    async def _effects(self, facts: LifeFacts) -> Sequence[MessageSummary]:
        """Select messages with this cause, from the times of its commit and of its inbox rows."""
        times = [facts.message.recorded_at, *(at for _, at in facts.handled)]
        windows = [self._within(at) for at in times if at is not None]
        caused = self._in_metadata("causation_id", facts.message.message_id)
        condition = and_(or_(false(), *windows), caused)
        rows = await self._messages(condition, (self.columns.position,), MOST_EFFECTS)
        return [_summary(row) for row in rows]

    def _within(self, start: datetime) -> ColumnElement[bool]:
        end = start + timedelta(seconds=EFFECT_WITHIN)
        return self.columns.recorded_at.between(start, end)

    async def _since(self, wanted: MessageFilter) -> datetime | None:
        """Return the first time that counts, as a value: no index serves a clock in a condition."""
        if wanted.since is not None or (wanted.type is None and wanted.correlation_id is None):
            return wanted.since
        started: datetime = (await self.session.read(select(_LOOK_BACK))).scalar_one()
        return started

    def _conditions(
        self, wanted: MessageFilter, since: datetime | None
    ) -> Iterator[ColumnElement[bool]]:
        columns = self.columns
        if since is not None:
            yield columns.recorded_at >= since
        if wanted.until is not None:
            yield columns.recorded_at < wanted.until
        if wanted.type is not None:
            yield columns.type == wanted.type
        if wanted.correlation_id is not None:
            yield self._in_metadata("correlation_id", wanted.correlation_id)

    def _in_metadata(self, name: str, id_: UUID) -> ColumnElement[bool]:
        stored: ColumnElement[str] = self.columns.metadata[name].as_string()
        return stored == str(id_)


def _context(row: Row[Any]) -> MessageContext:
    return MessageContext.from_fields(row.metadata)


def _summary(row: Row[Any]) -> MessageSummary:
    context = _context(row)
    return MessageSummary(
        message_id=row.id,
        type=row.type,
        created_at=row.created_at,
        recorded_at=row.recorded_at,
        published=bool(row.metadata.get("published")),
        correlation_id=context.correlation_id,
        causation_id=context.causation_id,
    )
