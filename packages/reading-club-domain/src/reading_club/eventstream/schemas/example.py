"""A golden example of an event: a message as it is on the wire, the same in each run."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from zlib import crc32

from messagebus import Event
from messagebus.service.eventstream import MessageSerializer

from reading_club.eventstream.errors import UnreadableMessage
from reading_club.eventstream.schemas.payload import Schema, payload_schema, resolve
from reading_club.eventstream.wire import EventRegistry, wire_type

_ENVELOPE: Final = {
    "id": "01900000-0000-7000-8000-000000000001",
    "created_at": "2026-01-31T12:00:00+00:00",
}
_OF_FORMAT: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "duration": "PT90S",
    "time": "12:00:00Z",
    "uri": "https://example.org/",
}


def example_message(event: type[Event]) -> dict[str, Any]:
    """Return a message of the event type as on the wire, with a fixed id, time and payload.

    The value of a field is the first one of its ``examples``, else its default, else one made for
    its type. Raises ValueError, with the name of the field, if the event does not accept it.
    """
    schema = payload_schema(event)
    payload = json.dumps(_fields(schema, schema))
    message = {**_ENVELOPE, "type": wire_type(event), "payload": payload}
    try:
        made = EventRegistry([event]).decode(message)
    except UnreadableMessage as exc:
        raise ValueError(f"{exc}: give the field an example, Field(examples=[…])") from exc
    return dict(MessageSerializer().serialize_message(made))


def _fields(schema: Schema, root: Schema) -> dict[str, Any]:
    return {name: _value(name, field, root) for name, field in schema["properties"].items()}


def _value(name: str, field: Schema, root: Schema) -> Any:
    field = resolve(field, root)
    for key in ("examples", "enum"):
        if field.get(key):
            return field[key][0]
    for key in ("const", "default"):
        if key in field:
            return field[key]
    options = field.get("anyOf") or field.get("oneOf")
    if options:
        return _value(name, options[0], root)
    make = _OF_TYPE.get(field.get("type", ""))
    return make(name, field, root) if make else None


def _text(name: str, field: Schema, _: Schema) -> str:
    if field.get("format") == "uuid":  # each field has one of its own
        return f"01900000-0000-7000-8000-{crc32(name.encode()):012x}"
    known = _OF_FORMAT.get(field.get("format", ""))
    text = name.ljust(field.get("minLength", 0), "-")
    return known or text[: field.get("maxLength")]


def _number(_: str, field: Schema, __: Schema) -> Any:
    least = field.get("minimum", field.get("exclusiveMinimum", 0) + 1)
    return min(least, field.get("maximum", least))


def _array(name: str, field: Schema, root: Schema) -> list[Any]:
    several = field.get("prefixItems") or [field.get("items", {})] * field.get("minItems", 1)
    return [_value(name, each, root) for each in several]


def _object(_: str, field: Schema, root: Schema) -> dict[str, Any]:
    return _fields(field, root) if "properties" in field else {}


_OF_TYPE: Final[Mapping[str, Callable[[str, Schema, Schema], Any]]] = {
    "array": _array,
    "boolean": lambda *_: True,
    "integer": _number,
    "number": _number,
    "object": _object,
    "string": _text,
}
