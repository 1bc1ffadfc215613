"""A message that a subscriber could not handle."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict


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
