"""Decoding of messages on the wire to typed events."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ValidationError

from reading_club.domain.errors import ReadingClubError
from reading_club.domain.messages import EVENTS, ClubEvent, wire_type


class UnreadableMessage(ReadingClubError):
    """The message is no valid envelope, or its payload is no valid event of its type."""


class UnknownEvent(UnreadableMessage):
    """The envelope is valid, but this release has no event of its type (name and version)."""


class Envelope(BaseModel):
    """An event as messagebus serializes it: metadata in fields, content as JSON text."""

    id: UUID
    created_at: AwareDatetime
    type: str
    payload: str


class EventRegistry:
    """The events that a program can read, by name and version."""

    def __init__(self, events: Iterable[type[ClubEvent]] = EVENTS) -> None:
        self._events = {wire_type(event): event for event in events}

    def decode(self, message: object) -> ClubEvent:
        """Return the event in the message.

        Raises UnknownEvent for a type that is not in the catalogue, and
        UnreadableMessage for anything else that is not an event.
        """
        try:
            envelope = Envelope.model_validate(message)
            payload = json.loads(envelope.payload)
        except (ValidationError, ValueError, RecursionError) as exc:
            raise UnreadableMessage(f"not an envelope: {_reason(exc)}") from exc
        if envelope.type not in self._events:
            raise UnknownEvent(f"no event of type {envelope.type!r} is known here")
        if not isinstance(payload, dict):
            raise UnreadableMessage("the payload is not an object")
        return self._event(envelope, payload)

    def _event(self, envelope: Envelope, payload: dict[str, Any]) -> ClubEvent:
        payload.pop("metadata", None)
        fields = payload | {"message_id": envelope.id, "created_at": envelope.created_at}
        try:
            return self._events[envelope.type].model_validate(fields)
        except ValidationError as exc:
            raise UnreadableMessage(f"not a {envelope.type}: {_reason(exc)}") from exc


def _reason(exc: Exception) -> str:
    if not isinstance(exc, ValidationError):
        return str(exc)
    errors = exc.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
