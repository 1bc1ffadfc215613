"""The JSON Schema of the payload of an event, as it is on the wire."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messagebus import Event
from pydantic.json_schema import GenerateJsonSchema

Schema = Mapping[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_IN_THE_ENVELOPE: Final = {"message_id", "created_at", "metadata"}
_REFERENCE: Final = "#/$defs/"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Generates no titles of fields, which repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        """Return False for every field."""
        return False


def payload_schema(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of the payload. A field with a default is not required.

    Such a field is in every new message, but older ones in the history may lack it.
    """
    schema = event.model_json_schema(
        by_alias=bool(event.model_config.get("serialize_by_alias")),
        mode="serialization",
        schema_generator=_WithoutFieldTitles,
    )
    return payload_of(schema)


def payload_of(schema: Schema) -> dict[str, Any]:
    """Return the JSON Schema of an event class without the fields that are in the envelope."""
    fields = schema["properties"].items()
    properties = {name: field for name, field in fields if name not in _IN_THE_ENVELOPE}
    required = sorted(set(schema.get("required", ())) - _IN_THE_ENVELOPE)
    payload = {**schema, "$schema": DIALECT, "properties": properties, "required": required}
    definitions = payload.pop("$defs", {})
    if used := _used(payload, definitions):
        payload["$defs"] = {name: definitions[name] for name in sorted(used)}
    return payload


def resolve(schema: Schema, root: Schema) -> Schema:
    """Return the schema with what it refers to in the definitions of the root."""
    while isinstance(reference := schema.get("$ref"), str):
        target = root["$defs"][reference.removeprefix(_REFERENCE)]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def _used(payload: Schema, definitions: Schema) -> set[str]:
    """Return the names of the definitions that the payload refers to, also indirectly."""
    used, new = set[str](), set(_references(payload))
    while new:
        used |= new
        new = {name for each in new for name in _references(definitions[each])} - used
    return used


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix(_REFERENCE)
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
