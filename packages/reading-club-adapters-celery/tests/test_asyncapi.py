"""The AsyncAPI document of a stream: it validates, and describes the messages that are sent."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema_rs import Draft7Validator
from messagebus import Event, Metadata
from pydantic import BaseModel

from reading_club.adapters.eventstream import Stream
from reading_club.adapters.eventstream.asyncapi import Info, asyncapi_document
from reading_club.adapters.eventstream.testing import LISTENERS, ParcelSent
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import Versions
from reading_club.service.projections import SUBSCRIBERS

SCHEMA: Final = Path(__file__).parent / "asyncapi" / "3.0.0.json"
INFO: Final = Info("Parcels", "1.2.3", "Sends parcels.")


class Label(BaseModel):
    """A model in a payload."""

    text: str


class ParcelEvent(Event):
    """Base of the events."""


class ParcelSentV2(ParcelEvent):
    """A parcel was sent, with labels."""

    weight: int
    labels: list[Label]
    metadata: Metadata = Metadata(name="parcel_sent", schema_version=2, published=True)


class ParcelWeighed(ParcelEvent):
    """An event of the process alone."""

    metadata: Metadata = Metadata(name="parcel_weighed", schema_version=1, published=False)


def with_labels(event: ParcelSent) -> ParcelSentV2:
    """Return the second version."""
    return ParcelSentV2(weight=event.weight, labels=[])


PARCELS: Final[list[Any]] = [ParcelSent, ParcelSentV2, ParcelWeighed]
VERSIONS: Final = Versions([with_labels])


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    """The official schema of AsyncAPI 3.0.0."""
    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def a_document(**options: Any) -> dict[str, Any]:
    """Return the document of the parcels."""
    return asyncapi_document(INFO, PARCELS, LISTENERS, versions=VERSIONS, **options)


def references(part: object) -> Iterator[str]:
    """Yield each reference in a part of a document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    for child in part if isinstance(part, list) else ():
        yield from references(child)


def found(document: dict[str, Any], reference: str) -> Any:
    """Return what the reference leads to. Raises KeyError."""
    part: Any = document
    for name in reference.removeprefix("#/").split("/"):
        part = part[name.replace("~1", "/").replace("~0", "~")]
    return part


def payload_validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft7Validator:
    """Return a validator of a schema with the document's components, which also checks formats."""
    whole = {**copy.deepcopy(schema), "components": document["components"]}
    return Draft7Validator(whole, validate_formats=True)


@pytest.mark.parametrize(
    "document",
    [
        a_document(),
        a_document(broker_url="amqps://club:hunter2@one.example/parcels;amqps://two.example:5670"),
        a_document(broker_url="valkey://:hunter2@[::1]:6380/3", stream=Stream("parcels")),
        asyncapi_document(Info("Reading club", "1"), EVENTS, SUBSCRIBERS),
        asyncapi_document(Info("Nothing", "1"), []),
    ],
    ids=["parcels", "a cluster", "valkey", "the club", "nothing"],
)
def test_the_document_validates(document: dict[str, Any], validator: Draft7Validator) -> None:
    """By the official schema; each reference leads to something, and there is no password."""
    assert list(validator.iter_errors(document)) == []
    for reference in references(document):
        assert found(document, reference), reference
    assert "hunter2" not in json.dumps(document)


def test_the_schema_finds_errors(validator: Draft7Validator) -> None:
    """An operation that neither sends nor receives is one."""
    document = a_document()
    document["operations"]["send_parcel_sent_v1"]["action"] = "shout"

    assert not validator.is_valid(document)


def test_each_published_version_has_a_channel() -> None:
    """Its address is the routing key; an event of the process alone has none."""
    document = a_document()

    assert list(document["channels"]) == [
        "parcel_sent_v1",
        "parcel_sent_v2",
        "eventstream.first",
        "eventstream.second",
    ]
    binding = document["channels"]["parcel_sent_v2"]["bindings"]["amqp"]
    assert binding["is"] == "routingKey"
    assert (binding["exchange"]["name"], binding["exchange"]["type"]) == ("eventstream", "topic")
    first = document["components"]["messages"]["parcel_sent_v1"]
    assert "parcel_sent_v2 is the newest" in first["description"]


def test_a_retired_version_has_no_channel() -> None:
    """Events are not sent in a retired version; a queue may still be bound to its routing key."""
    versions = Versions([with_labels], retired=[ParcelSent])

    document = asyncapi_document(INFO, PARCELS, LISTENERS, versions=versions)

    assert "parcel_sent_v1" not in document["channels"]
    queue = document["channels"]["eventstream.first"]
    assert (queue["messages"], queue["x-routing-keys"]) == ({}, ["parcel_sent_v1"])


def test_a_queue_is_received_from() -> None:
    """Each subscriber receives what its queue is bound to, and the queue has its arguments."""
    document = a_document(stream=Stream("parcels"))

    assert document["operations"]["receive_first"]["messages"] == [
        {"$ref": "#/channels/parcels.first/messages/parcel_sent_v1"}
    ]
    channel = document["channels"]["parcels.first"]
    assert channel["x-queue-arguments"]["x-queue-type"] == "quorum"
    assert channel["bindings"]["amqp"]["queue"]["name"] == "parcels.first"


def test_servers_have_hosts_and_no_credentials() -> None:
    """Each broker of a cluster, with its virtual host or database."""
    cluster = a_document(broker_url="amqps://a:b@one.example/parcels;amqps://two.example:5670//")
    valkey = a_document(broker_url="valkey://:b@[::1]:6380/3")

    assert cluster["servers"]["broker"]["host"] == "one.example:5671"
    assert cluster["servers"]["broker"]["pathname"] == "/parcels"
    assert cluster["servers"]["broker2"] == {
        "host": "two.example:5670",
        "protocol": "amqps",
        "pathname": "//",
        "description": "With TLS.",
    }
    exchange = cluster["channels"]["parcel_sent_v1"]["bindings"]["amqp"]["exchange"]
    assert exchange["vhost"] == "parcels"
    assert valkey["servers"]["broker"]["host"] == "[::1]:6380"
    assert valkey["channels"]["parcel_sent_v1"]["bindings"]["amqp"]["exchange"]["vhost"] == "/"


def test_models_in_a_payload_are_found() -> None:
    """References of a payload lead into the document."""
    document = a_document()
    schema = document["components"]["schemas"]["parcel_sent_v2"]

    payload_validator(document, schema).validate({"weight": 1, "labels": [{"text": "fragile"}]})
    assert not payload_validator(document, schema).is_valid({"weight": 1, "labels": ["fragile"]})


def test_a_subscriber_of_other_types_receives_none_of_these() -> None:
    """Its queue is there, with the routing keys that it is bound to."""
    other = Subscriber[Any, Any]("other")

    @other.on(ParcelWeighed)
    async def ignore(event: Any, uow: Any) -> None: ...

    document = asyncapi_document(INFO, PARCELS, [other])

    assert document["operations"]["receive_other"]["messages"] == []
    assert document["channels"]["eventstream.other"]["x-routing-keys"] == ["parcel_weighed_v1"]
