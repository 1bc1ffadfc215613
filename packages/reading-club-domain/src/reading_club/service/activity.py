"""An entry of the activity log."""

from typing import Any, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from reading_club.domain.messages import ClubEvent, wire_type


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
            type=wire_type(type(event)),
            occurred_at=event.created_at,
            payload=event.model_dump(mode="json", exclude={"message_id", "created_at", "metadata"}),
        )
