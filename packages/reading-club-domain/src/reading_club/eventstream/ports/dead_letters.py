"""Ports and types: dead letters, and the audit log of the commands on them."""

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

RELAY: Final = "relay"
"""The ``subscriber`` of a dead letter whose event the relay could not send to all subscribers."""


class DeadLetter(BaseModel):
    """A message that was given up, with its error and envelope, to be retried or discarded."""

    model_config = ConfigDict(frozen=True)

    subscriber: str
    """The subscriber that could not handle the message, or RELAY."""
    message_id: UUID
    """The id of the message; for one without an id, a UUIDv5 of its text."""
    type: str
    """The type on the wire, or an empty string if the message has none."""
    envelope: Any
    """The message as it was received, as JSON values."""
    error: str
    """Why the message is a dead letter."""
    set_aside_at: AwareDatetime
    attempts: int = 0
    """How many attempts were made; 0 if none was possible."""
    parked: bool = False
    """Whether the message waits for a release that handles its type, which replays the message."""

    @property
    def can_be_sent(self) -> bool:
        """Whether the envelope is an event with this id and type, so that it can be sent again."""
        if not isinstance(self.envelope, dict) or not self.type:
            return False
        named = (self.envelope.get("id"), self.envelope.get("type"))
        return named == (str(self.message_id), self.type)


class DeadLetterFilter(BaseModel):
    """A query filter for dead letters; a field that is None matches all."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID | None = None
    subscriber: str | None = None
    error: str | None = None
    """A part of the error text, case-sensitive."""
    parked: bool | None = None
    types: frozenset[str] | None = None
    type: str | None = None
    error_class: str | None = None
    """The error text up to its first colon, which begins with the class of an exception."""


NO_FILTER: Final = DeadLetterFilter()


class DeadLetterGroup(BaseModel):
    """The dead letters of one subscriber with the same type and class of error."""

    model_config = ConfigDict(frozen=True)

    subscriber: str
    type: str
    error_class: str
    """See ``error_class_of``."""
    parked: bool
    count: int
    oldest: AwareDatetime
    newest: AwareDatetime

    @property
    def name(self) -> str:
        """The name of the group, for people: subscriber, type and class of the error."""
        return f"{self.subscriber}/{self.type}/{self.error_class}"

    @property
    def wanted(self) -> DeadLetterFilter:
        """The filter that matches the dead letters of this group."""
        return DeadLetterFilter(
            subscriber=self.subscriber,
            type=self.type,
            error_class=self.error_class,
            parked=self.parked,
        )


def error_class_of(error: str) -> str:
    """Return the text of an error before its first colon: the class, if an exception was stored."""
    return error.partition(":")[0]


class DeadLetters(Protocol):
    """The dead letters of all subscribers."""

    async def add(self, letter: DeadLetter) -> None:
        """Store a dead letter, unless this subscriber has one for the message already.

        Nothing is stored if the subscriber's inbox has the message: a copy of it was handled.
        """

    async def page(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 50, skip: int = 0
    ) -> Sequence[DeadLetter]:
        """Return up to ``limit`` dead letters, the newest first, without the first ``skip``.

        One whose stored fields cannot be read has the text of its envelope as envelope.
        """
        ...

    async def groups(
        self, wanted: DeadLetterFilter = NO_FILTER, *, limit: int = 100
    ) -> Sequence[DeadLetterGroup]:
        """Return up to ``limit`` groups of the dead letters that match, the largest first."""
        ...

    async def remove(self, letter: DeadLetter) -> bool:
        """Delete a dead letter; return False if it is deleted already."""
        ...


Action = Literal["retry", "discard", "replay"]


class AuditEntry(BaseModel):
    """A retry, discard or replay of a dead letter."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    action: Action
    subscriber: str
    message_id: UUID
    error: str
    """The error of the dead letter."""


class AuditLog(Protocol):
    """The log of commands on dead letters: append-only, but for redactions."""

    async def record(self, entry: AuditEntry) -> None:
        """Add an entry."""

    async def page(self, *, limit: int = 50) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the newest first."""
        ...
