"""Events on the wire: their types and payloads, and decoding them."""

from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from messagebus import Event, Message
from pydantic import AwareDatetime, BaseModel, Json, ValidationError

from reading_club.eventstream.errors import UnknownEvent, UnreadableMessage

TEvent = TypeVar("TEvent", bound=Event)

NOT_PAYLOAD: Final = {"message_id", "created_at", "metadata"}
"""Fields of a message that are no part of its payload."""


def wire_type(message: type[Message[Any]] | Message[Any]) -> str:
    """Return the type on the wire, for example ``book_registered_v1``."""
    of_type = isinstance(message, type)
    metadata = message.model_fields["metadata"].default if of_type else message.metadata
    return f"{metadata.name}_v{metadata.schema_version}"


def payload_json(message: Message[Any]) -> str:
    """Return the payload on the wire: the fields of the message as JSON text."""
    return message.model_dump_json(exclude=NOT_PAYLOAD)


def payload_fields(message: Message[Any]) -> dict[str, Any]:
    """Return the payload's fields as JSON values."""
    return message.model_dump(mode="json", exclude=NOT_PAYLOAD)


class Envelope(BaseModel):
    """An event as messagebus serializes it: metadata in fields, content as JSON text."""

    id: UUID
    created_at: AwareDatetime
    type: str
    payload: Json[dict[str, Any]]


class EventRegistry(Generic[TEvent]):
    """The events that a program can read, by name and version."""

    def __init__(self, events: Iterable[type[TEvent]]) -> None:
        self._events = {wire_type(event): event for event in events}

    def decode(self, message: object) -> TEvent:
        """Return the event in the message.

        Raises UnknownEvent for a type that is not in the registry, and
        UnreadableMessage for anything else that is not an event.
        """
        try:
            envelope = Envelope.model_validate(message)
        except ValidationError as exc:
            raise UnreadableMessage(f"not an envelope: {_reason(exc)}") from exc
        if envelope.type not in self._events:
            raise UnknownEvent(f"no event of type {envelope.type!r} is known here")
        fields = {**envelope.payload, "message_id": envelope.id, "created_at": envelope.created_at}
        fields.pop("metadata", None)
        try:
            return self._events[envelope.type].model_validate(fields)
        except ValidationError as exc:
            raise UnreadableMessage(f"not a {envelope.type}: {_reason(exc)}") from exc


def _reason(exc: ValidationError) -> str:
    errors = exc.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
