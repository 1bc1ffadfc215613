"""In-memory adapters of the dead letters and their audit log."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.history import redacted_message
from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    AuditEntry,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterGroup,
    error_class_of,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.redaction import redacted_error


class InMemoryDeadLetters:
    """The dead letters, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def add(self, letter: DeadLetter) -> None:
        """Store a dead letter, unless the message has one or an inbox row."""
        self.transaction.write(lambda tables: keep_letter(tables, letter))

    async def page(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 50, skip: int = 0
    ) -> Sequence[DeadLetter]:
        """Return up to ``limit`` dead letters, the newest first, without the first ``skip``."""
        letters = filter(lambda letter: _is(letter, wanted), self._letters())
        newest_first = sorted(letters, key=lambda e: (e.set_aside_at, e.message_id), reverse=True)
        return newest_first[skip : skip + limit]

    async def groups(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 100
    ) -> Sequence[DeadLetterGroup]:
        """Return up to ``limit`` groups of dead letters, the largest first."""
        groups = defaultdict[_GroupKey, list[DeadLetter]](list)
        for letter in self._letters():
            if _is(letter, wanted):
                groups[_GroupKey.of(letter)].append(letter)
        largest_first = sorted(groups, key=lambda key: (-len(groups[key]), key))
        return [_group(key, groups[key]) for key in largest_first[:limit]]

    async def remove(self, letter: DeadLetter) -> bool:
        """Delete a dead letter; return False if it is deleted already."""
        key = (letter.subscriber, letter.message_id)
        if key not in self.transaction.tables.dead_letters:
            return False
        self.transaction.write(lambda tables: tables.dead_letters.pop(key, None))
        return True

    def _letters(self) -> Sequence[DeadLetter]:
        return list(self.transaction.tables.dead_letters.values())


class _GroupKey(NamedTuple):
    subscriber: str
    type: str
    error_class: str
    parked: bool

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        return cls(letter.subscriber, letter.type, error_class_of(letter.error), letter.parked)


def _group(key: _GroupKey, letters: Sequence[DeadLetter]) -> DeadLetterGroup:
    times = [letter.set_aside_at for letter in letters]
    return DeadLetterGroup(
        **key._asdict(), count=len(letters), oldest=min(times), newest=max(times)
    )


def keep_letter(tables: InMemoryStreamDatabase, letter: DeadLetter) -> None:
    """Insert a dead letter, unless the message has one or an inbox row; redact it if that was."""
    if envelope := redacted_message(tables, letter.message_id):
        changes = {"envelope": envelope, "error": redacted_error(letter.error)}
        letter = letter.model_copy(update=changes)
    inbox_key = InboxKey(letter.subscriber, letter.message_id)
    if inbox_key not in tables.inbox:
        tables.dead_letters.setdefault((letter.subscriber, letter.message_id), letter)


def _is(letter: DeadLetter, wanted: DeadLetterFilter) -> bool:
    return (
        wanted.message_id in (None, letter.message_id)
        and wanted.subscriber in (None, letter.subscriber)
        and (wanted.error is None or wanted.error in letter.error)
        and wanted.parked in (None, letter.parked)
        and (wanted.types is None or letter.type in wanted.types)
        and wanted.type in (None, letter.type)
        and wanted.error_class in (None, error_class_of(letter.error))
    )


class InMemoryAuditLog:
    """The audit log of the dead letters, in memory."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    async def record(self, entry: AuditEntry) -> None:
        """Add an entry."""
        self.transaction.write(lambda tables: tables.audit.setdefault(len(tables.audit), entry))

    async def page(self, *, limit: int = 50) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the newest first."""
        entries = list(self.transaction.tables.audit.values())
        return entries[::-1][:limit]
