"""The life of one event, in memory."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.life_steps import (
    AttemptFact,
    DeadLetterFact,
    LifeFacts,
    OutboxFact,
    steps_of,
    trace_id,
)
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.event_lives import (
    ALL_MESSAGES,
    EFFECT_WITHIN,
    LOOK_BACK,
    MOST_AUDITED,
    MOST_EFFECTS,
    EventLife,
    MessageFilter,
    MessageSummary,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.wire import wire_type

T = TypeVar("T")


class InMemoryEventLives:
    """The lives of the messages in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def find(self, message_id: UUID) -> EventLife | None:
        """Return the life of a message."""
        tables = self.transaction.tables
        if message_id not in tables.messages:
            return None
        facts, context = _facts(tables, message_id), _context(tables, message_id)
        return EventLife(
            message=facts.message,
            trace_id=trace_id(context),
            cause=_found(tables, context.causation_id),
            effects=_effects(tables, facts),
            steps=steps_of(facts),
        )

    async def list(
        self, wanted: MessageFilter = ALL_MESSAGES, *, limit: int = 50
    ) -> Sequence[MessageSummary]:
        """Return up to ``limit`` messages, the newest first."""
        tables, now = self.transaction.tables, self.transaction.now
        if wanted.since is None and (wanted.type or wanted.correlation_id):
            since = now - timedelta(seconds=LOOK_BACK)
            wanted = wanted.model_copy(update={"since": since})
        found = [each for each in _summaries(tables) if _matches(each, wanted)]
        return found[::-1][:limit]


def _context(tables: InMemoryStreamDatabase, message_id: UUID) -> MessageContext:
    return tables.contexts.get(message_id, NO_CONTEXT)


def _summary(tables: InMemoryStreamDatabase, message_id: UUID) -> MessageSummary:
    message, context = tables.messages[message_id], _context(tables, message_id)
    return MessageSummary(
        message_id=message_id,
        type=wire_type(message),
        created_at=message.created_at,
        recorded_at=tables.recorded.get(message_id),
        published=message.metadata.published,
        correlation_id=context.correlation_id,
        causation_id=context.causation_id,
    )


def _summaries(tables: InMemoryStreamDatabase) -> Iterator[MessageSummary]:
    return (_summary(tables, message_id) for message_id in tables.messages)


def _found(tables: InMemoryStreamDatabase, message_id: UUID | None) -> MessageSummary | None:
    if message_id is None or message_id not in tables.messages:
        return None
    return _summary(tables, message_id)


def _matches(message: MessageSummary, wanted: MessageFilter) -> bool:
    recorded = message.recorded_at
    return (
        wanted.type in (None, message.type)
        and wanted.correlation_id in (None, message.correlation_id)
        and (wanted.since is None or (recorded is not None and recorded >= wanted.since))
        and (wanted.until is None or (recorded is not None and recorded < wanted.until))
    )


def _effects(tables: InMemoryStreamDatabase, facts: LifeFacts) -> Sequence[MessageSummary]:
    times = [facts.message.recorded_at, *(at for _, at in facts.handled)]
    starts = [at for at in times if at is not None]
    return [
        each
        for each in _summaries(tables)
        if each.causation_id == facts.message.message_id and _begins(each.recorded_at, starts)
    ][:MOST_EFFECTS]


def _begins(at: datetime | None, starts: Sequence[datetime]) -> bool:
    window = timedelta(seconds=EFFECT_WITHIN)
    return at is not None and any(start <= at <= start + window for start in starts)


def _facts(tables: InMemoryStreamDatabase, id_: UUID) -> LifeFacts:
    failures = [each for each in tables.failures.values() if each.inbox_key.message_id == id_]
    letters = [letter for (_, of), letter in tables.dead_letters.items() if of == id_]
    newest = list(tables.audit.values())[-MOST_AUDITED:]
    return LifeFacts(
        message=_summary(tables, id_),
        outbox=[_outbox_fact(row) for key, row in tables.outbox.items() if key.message_id == id_],
        handled=list(_of(tables.inbox, id_)),
        counted=[AttemptFact(name, n.number, n.at) for name, n in _of(tables.attempts, id_)],
        failures=[AttemptFact(f.inbox_key.subscriber, f.number, f.at, f.error) for f in failures],
        dead_letters=[_dead_letter_fact(letter) for letter in letters],
        audit=[entry for entry in newest if entry.message_id == id_],
        resends=[(name, count.number) for name, count in _of(tables.resends, id_)],
        returned=list(_of(tables.returned, id_)),
    )


def _of(rows: Mapping[InboxKey, T], id_: UUID) -> Iterator[tuple[str, T]]:
    """Yield subscriber and row of a message."""
    return ((key.subscriber, row) for key, row in sorted(rows.items()) if key.message_id == id_)


def _outbox_fact(row: OutboxRow) -> OutboxFact:
    return OutboxFact(
        row.key.subscriber, row.added_at, row.leased_until, row.attempts, row.reason, row.attempted
    )


def _dead_letter_fact(letter: DeadLetter) -> DeadLetterFact:
    return DeadLetterFact(
        letter.subscriber, letter.set_aside_at, letter.attempts, letter.parked, letter.error
    )
