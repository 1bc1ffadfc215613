"""Messages of an AsyncAPI document: headers, body and envelope as they are on the wire."""

from collections.abc import Mapping
from inspect import getdoc
from typing import Any, Final

from messagebus import Event

from reading_club.adapters.eventstream.topology import Stream
from reading_club.eventstream.context import TRACEPARENT_LENGTH
from reading_club.eventstream.description import summary_of
from reading_club.eventstream.schemas import payload_schema
from reading_club.eventstream.versions import Versions
from reading_club.eventstream.wire import wire_type

_UUID: Final = {"type": "string", "format": "uuid"}


def headers_schema(task: str) -> dict[str, Any]:
    """Return the schema of a message's headers: Celery's, and the context of the message."""
    return {
        "type": "object",
        "required": ["task", "id"],
        "properties": {
            "task": {"type": "string", "const": task, "description": "The Celery task."},
            "id": {**_UUID, "description": "Of the Celery task: another one at each sending."},
            "correlation_id": {
                **_UUID,
                "description": "The same for all that one request led to, if that is known.",
            },
            "causation_id": {
                **_UUID,
                "description": "The message whose handling recorded this one, if that is known.",
            },
            "traceparent": {
                "type": "string",
                "minLength": TRACEPARENT_LENGTH,
                "maxLength": TRACEPARENT_LENGTH,
                "description": "The span that recorded the message (W3C Trace Context).",
            },
        },
    }


def message(event: type[Event], stream: Stream, versions: Versions) -> dict[str, Any]:
    """Return the message of a version of an event."""
    type_, newest = wire_type(event), wire_type(versions.newest(event))
    described = getdoc(event) or ""
    if newest != type_:
        described += f"\n\nAn older version: {newest} is the newest, of the same message id."
    return {
        "name": type_,
        "title": event.__name__,
        "summary": summary_of(event),
        "description": described.strip(),
        "contentType": "application/json",
        "headers": {"$ref": "#/components/schemas/headers"},
        "payload": _body(type_, stream),
    }


def component_schemas(events: Mapping[str, type[Event]]) -> dict[str, Any]:
    """Return the schemas of envelope and payload of these events, by their types."""
    schemas: dict[str, Any] = {}
    for type_, event in events.items():
        definitions = f"#/components/schemas/{type_}/$defs/{{model}}"
        schemas[type_] = payload_schema(event, definitions)
        del schemas[type_]["$schema"]  # the dialect is that of the whole document
        schemas[f"{type_}_envelope"] = _envelope(type_)
    return schemas


def _body(type_: str, stream: Stream) -> dict[str, Any]:
    """Return the schema of a body: Celery's task message of protocol 2."""
    keywords = {
        "type": "object",
        "description": "The keyword arguments.",
        "required": ["message"],
        "additionalProperties": False,
        "properties": {"message": {"$ref": f"#/components/schemas/{type_}_envelope"}},
    }
    return {
        "type": "array",
        "description": f"The Celery task {stream.task}: arguments, keyword arguments, and options.",
        "minItems": 3,
        "items": [{"type": "array", "maxItems": 0}, keywords, {"type": "object"}],
        "additionalItems": False,
    }


def _envelope(type_: str) -> dict[str, Any]:
    """Return the schema of an event as it is sent: its payload is a text of JSON."""
    return {
        "type": "object",
        "required": ["id", "created_at", "type", "payload"],
        "properties": {
            "id": {**_UUID, "description": "The id of the message; the same id has effect once."},
            "created_at": {"type": "string", "format": "date-time"},
            "type": {"type": "string", "const": type_},
            "payload": {
                "type": "string",
                "description": "JSON as text: see contentSchema.",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": f"#/components/schemas/{type_}"},
            },
        },
    }
