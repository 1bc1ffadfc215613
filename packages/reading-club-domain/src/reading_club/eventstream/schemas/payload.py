"""The JSON Schema of a message's payload, as it is on the wire."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messagebus import Message
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema

from reading_club.eventstream.wire import NOT_PAYLOAD

Schema = Mapping[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE: Final = "#/$defs/"


class _WithoutFieldTitles(GenerateJsonSchema):
    """Generates no titles of fields, which repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # pydantic's signature
        """Return False for every field."""
        return False


def payload_schema(
    message: type[Message[Any]], definitions: str = DEFAULT_REF_TEMPLATE
) -> dict[str, Any]:
    """Return the JSON Schema of the payload. A field with a default is not required.

    Such a field is in every new message, but older ones in the history may lack it.
    ``definitions`` is the reference to a model below ``$defs``, with its name as ``{model}``.
    """
    schema = message.model_json_schema(
        by_alias=bool(message.model_config.get("serialize_by_alias")),
        ref_template=definitions,
        mode="serialization",
        schema_generator=_WithoutFieldTitles,
    )
    return payload_of(schema)


def payload_of(schema: Schema) -> dict[str, Any]:
    """Return the JSON Schema of a message's class without the fields that are no payload."""
    fields = schema["properties"].items()
    properties = {name: field for name, field in fields if name not in NOT_PAYLOAD}
    required = sorted(set(schema.get("required", ())) - NOT_PAYLOAD)
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
    """Yield the name of each model that the schema refers to."""
    if isinstance(schema, Mapping):
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
