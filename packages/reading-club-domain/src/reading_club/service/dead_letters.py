"""Messages that could not be handled, kept for a person to look at and to decide on."""

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

RELAY: Final = "relay"
"""Stands for the subscriber in letters about events that could not even be sent to everybody."""


class DeadLetter(BaseModel):
    """A message set aside, with what is needed to judge it and to send it again."""

    model_config = ConfigDict(frozen=True)

    subscriber: str
    """Who could not handle it."""
    message_id: UUID
    """The id of the message; for one without an id, a UUIDv5 of its text."""
    type: str
    """The type on the wire, or an empty string if the message has none."""
    envelope: Any
    """The message as it was received, as JSON values."""
    error: str
    """Why it was set aside."""
    set_aside_at: AwareDatetime
    attempts: int = 0
    """How often it was tried; 0 for what could not be tried."""
    parked: bool = False
    """It waits for a release that knows its type; a worker that does so takes it up by itself."""

    @property
    def can_be_sent(self) -> bool:
        """Whether the message has the form of an event, so that it can be sent again."""
        if not isinstance(self.envelope, dict) or not self.type:
            return False
        named = (self.envelope.get("id"), self.envelope.get("type"))
        return named == (str(self.message_id), self.type)


class LetterFilter(BaseModel):
    """Which letters are meant; a field that is None excludes none."""

    model_config = ConfigDict(frozen=True)

    message_id: UUID | None = None
    subscriber: str | None = None
    error: str | None = None
    """Words that occur in the error, in their case."""
    parked: bool | None = None
    types: frozenset[str] | None = None


EVERY_LETTER: Final = LetterFilter()


class DeadLetters(Protocol):
    """The letters of all subscribers."""

    async def add(self, letter: DeadLetter) -> None:
        """Keep a message; the same one for the same subscriber again changes nothing.

        A message that has a receipt of this subscriber was handled after all: nothing is kept.
        """

    async def page(
        self, wanted: LetterFilter = EVERY_LETTER, *, limit: int = 50
    ) -> Sequence[DeadLetter]:
        """Return up to ``limit`` letters, the newest first."""
        ...

    async def remove(self, letter: DeadLetter) -> bool:
        """Take a letter away; False if somebody else has done so."""
        ...


Action = Literal["retry", "discard", "replay"]


class AuditEntry(BaseModel):
    """What was done with a letter, and when."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    action: Action
    subscriber: str
    message_id: UUID
    error: str
    """Why the letter had been set aside."""


class AuditLog(Protocol):
    """What was done with dead letters; append-only."""

    async def record(self, entry: AuditEntry) -> None:
        """Add an entry."""

    async def page(self, *, limit: int = 50) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, the newest first."""
        ...
