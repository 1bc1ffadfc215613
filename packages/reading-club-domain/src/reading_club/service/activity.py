"""An entry of the activity log."""

from collections.abc import Sequence
from typing import Any, Protocol, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.domain.messages import ClubEvent
from reading_club.eventstream.wire import payload_fields, wire_type


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


class ActivityLog(Protocol):
    """The activity log, written by the subscriber ``activity``."""

    async def record(self, entry: ActivityEntry) -> None:
        """Add an entry; a known id changes nothing."""

    async def page(self, *, before: UUID | None = None, limit: int = 50) -> Sequence[ActivityEntry]:
        """Return up to ``limit`` entries with ids below ``before``, the highest id first."""
        ...
