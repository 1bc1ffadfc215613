"""The fields of a message's payload, in words."""

from collections.abc import Mapping
from typing import Any

from messagebus import Message
from pydantic import BaseModel, ConfigDict

from reading_club.eventstream.schemas import payload_schema


class FieldDescription(BaseModel):
    """A field of a message."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    """In words of JSON: ``string (uuid)``, ``array of string``, ``integer or null``."""
    required: bool


def fields_of(message: type[Message[Any]]) -> list[FieldDescription]:
    """Return the fields of a message's payload, in their order."""
    schema = payload_schema(message)
    required = schema["required"]
    return [
        FieldDescription(name=name, type=_in_words(field), required=name in required)
        for name, field in schema["properties"].items()
    ]


def _in_words(field: Mapping[str, Any]) -> str:
    """Return the type of a field in words of JSON."""
    if "anyOf" in field:
        return " or ".join(map(_in_words, field["anyOf"]))
    if "$ref" in field:
        return str(field["$ref"]).rpartition("/")[2]
    if field.get("type") == "array":
        items = field.get("items") or {}
        return f"array of {_in_words(items)}" if items else "array"
    kind = str(field.get("type", "anything"))
    return f"{kind} ({field['format']})" if "format" in field else kind
