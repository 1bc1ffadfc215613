"""The rows of an event stream's tables in memory, where a row is more than one value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey


@dataclass(frozen=True)
class OutboxRow:
    """A row of the outbox: the key of an event, and the token and the end of its lease."""

    key: OutboxKey
    token: UUID
    leased_until: datetime
    attempts: int = 0
    envelope: Any = None
    added_at: datetime | None = None
    reason: str | None = None
    attempted: bool = False


@dataclass(frozen=True)
class Count:
    """A number of attempts or re-sends, and the time of the last one."""

    number: int
    at: datetime
    stalls: int = 0


@dataclass(frozen=True)
class Failure:
    """A failed attempt to handle a message."""

    inbox_key: InboxKey
    number: int
    at: datetime
    error: str


class Span(NamedTuple):
    """The messages after ``after`` up to ``until``, by their position in the history, from 1."""

    after: int
    until: int


@dataclass(frozen=True)
class Projection:
    """The generations of a projection's rows, and how far a rebuild has come."""

    live: int = 0
    newest: int = 0
    """The highest number that was ever used."""
    building: int | None = None
    span: Span | None = None
    """The part of the history that is still to be read; None before the first step."""
    started_at: datetime | None = None
