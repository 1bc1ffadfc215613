"""An entry of the activity log."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.domain.messages import ClubEvent
from reading_club.eventstream.redaction import redacted
from reading_club.eventstream.wire import payload_fields, wire_type
from reading_club.service.erasure import redactions, reviewer_of


class ActivityEntry(BaseModel):
    """One event in the activity log."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    """The id of the event."""
    type: str
    """The type of the event on the wire, such as ``book_registered_v1``."""
    occurred_at: AwareDatetime
    """When the event was created, not when the log received it."""
    payload: dict[str, Any]
    """The fields of the event as JSON values."""

    @classmethod
    def of(cls, event: ClubEvent) -> Self:
        """Return the entry for an event."""
        return cls(
            id=event.message_id,
            type=wire_type(event),
            occurred_at=event.created_at,
            payload=payload_fields(event),
        )

    @property
    def reviewer_id(self) -> UUID | None:
        """The reviewer whose words the entry may have, None for an entry without words."""
        return reviewer_of(self.type, self.payload)

    def without_words_of(self, reviewer_id: UUID) -> Self:
        """Return the entry without nickname and comment, if it is about this reviewer."""
        payload = redacted(self.type, self.payload, redactions(reviewer_id))
        return self.model_copy(update={"payload": payload})


class Arrival(NamedTuple):
    """An entry with its arrival position."""

    position: int
    """Counts the entries in the order in which they were stored, with gaps, from 1 on."""
    entry: ActivityEntry


class ActivityLog(Protocol):
    """The activity log, written by the subscriber ``activity``."""

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry, without the words of erased reviewers; a known id changes nothing."""

    async def erase(self, reviewer_id: UUID) -> None:
        """Drop the reviewer's nickname and comments, and those of entries to come."""

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries with ids below ``before``, the highest id first."""
        ...

    async def arrived(self, *, after: int, limit: int) -> Sequence[Arrival]:
        """Return up to ``limit`` arrivals above the position ``after``, in their order.

        Who goes on from the last position misses no entry and gets none twice: what is committed
        later has a higher position, and a rebuild of the log changes none. A late event arrives
        late, also with an id below those of earlier arrivals.
        """
        ...

    async def latest_position(self) -> int:
        """Return the position of the last arrival, 0 before the first."""
        ...
