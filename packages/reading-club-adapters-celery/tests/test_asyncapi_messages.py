"""Messages validate by the AsyncAPI document that describes them."""

import json
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

import pytest
from jsonschema_rs import Draft7Validator

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.eventstream.asyncapi import Info, asyncapi_document
from reading_club.adapters.eventstream.publisher.encoding import MessageEncoder
from reading_club.adapters.eventstream.testing import LISTENERS, ParcelSent, outgoing
from reading_club.eventstream.context import MessageContext

TRACEPARENT: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def a_document() -> dict[str, Any]:
    """Return the document of the parcels."""
    return asyncapi_document(Info("Parcels", "1.2.3"), [ParcelSent], LISTENERS)


def found(document: dict[str, Any], reference: str) -> Any:
    """Return the schema that the reference leads to."""
    return document["components"]["schemas"][reference.rpartition("/")[2]]


def payload_validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft7Validator:
    """Return a validator of a schema with the document's components, which also checks formats."""
    whole = {**schema, "components": document["components"]}
    return Draft7Validator(whole, validate_formats=True)


def test_what_is_sent_is_what_the_document_says() -> None:
    """Body and headers of a message validate, and its payload is what contentSchema describes."""
    document = a_document()
    context = MessageContext(uuid4(), uuid4(), TRACEPARENT)
    app = publisher_app("memory://", LISTENERS)
    (sent,), _ = MessageEncoder(app).encode([replace(outgoing(), context=context)])
    message = document["components"]["messages"]["parcel_sent_v1"]
    body = json.loads(sent.body)
    envelope = document["components"]["schemas"]["parcel_sent_v1_envelope"]
    reference = envelope["properties"]["payload"]["contentSchema"]["$ref"]

    payload_validator(document, message["payload"]).validate(body)
    payload_validator(document, found(document, reference)).validate(
        json.loads(body[1]["message"]["payload"])
    )
    headers = {**sent.template.headers, **context.fields, "id": sent.task_id}
    payload_validator(document, document["components"]["schemas"]["headers"]).validate(headers)


@pytest.mark.parametrize(
    "change", [{"type": "parcel_lost_v1"}, {"id": 1}, {"payload": {}}, {"created_at": "now"}]
)
def test_another_envelope_is_not_what_the_document_says(change: dict[str, Any]) -> None:
    """The type is constant, the time has its format, and id and payload are texts."""
    document = a_document()
    schema = document["components"]["messages"]["parcel_sent_v1"]["payload"]
    envelope = {**outgoing().envelope, **change}

    assert not payload_validator(document, schema).is_valid([[], {"message": envelope}, {}])
