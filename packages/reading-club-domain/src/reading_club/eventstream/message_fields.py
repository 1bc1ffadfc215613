"""The JSON Schema of a message's payload, and its fields in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messagebus import Message
from pydantic import BaseModel, ConfigDict

from reading_club.eventstream.wire import NOT_PAYLOAD

DEFINITIONS: Final = "#/$defs/{model}"
"""Where a schema refers to the models in it."""


class FieldDescription(BaseModel):
    """A field of a message."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    """In words of JSON: ``string (uuid)``, ``array of string``, ``integer or null``."""
    required: bool


def payload_schema(message: type[Message[Any]], definitions: str = DEFINITIONS) -> dict[str, Any]:
    """Return the JSON Schema of a message's payload; models in it are below ``$defs``.

    ``definitions`` is the reference to one of these, by its name as ``{model}``.
    """
    schema = message.model_json_schema(ref_template=definitions, mode="serialization")
    known = schema.pop("$defs", {})
    schema["properties"] = {k: v for k, v in schema["properties"].items() if k not in NOT_PAYLOAD}
    schema["required"] = [name for name in schema.get("required", ()) if name not in NOT_PAYLOAD]
    models = {definitions.format(model=name): name for name in known}
    used = _reachable(schema, known, models)
    return schema | ({"$defs": used} if used else {})


def fields_of(message: type[Message[Any]]) -> list[FieldDescription]:
    """Return the fields of a message's payload, in their order."""
    schema = payload_schema(message)
    required = schema["required"]
    return [
        FieldDescription(name=name, type=_in_words(field), required=name in required)
        for name, field in schema["properties"].items()
    ]


def _reachable(
    schema: Mapping[str, Any], known: Mapping[str, Any], models: Mapping[str, str]
) -> dict[str, Any]:
    """Return the models that the schema refers to, also by another model."""
    used: dict[str, Any] = {}
    waiting = list(_references(schema))
    while waiting:
        name = models[waiting.pop()]
        if name not in used:
            used[name] = known[name]
            waiting += _references(known[name])
    return used


def _references(part: object) -> Iterator[str]:
    """Yield each ``$ref`` in a part of a schema."""
    children: Any = ()
    if isinstance(part, dict):
        if isinstance(reference := part.get("$ref"), str):
            yield reference
        children = part.values()
    elif isinstance(part, list):
        children = part
    for child in children:
        yield from _references(child)


def _in_words(field: Mapping[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(map(_in_words, field["anyOf"]))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        items = field.get("items") or {}
        return f"array of {_in_words(items)}" if items else "array"
    kind = str(field.get("type", "anything"))
    return f"{kind} ({field['format']})" if "format" in field else kind
