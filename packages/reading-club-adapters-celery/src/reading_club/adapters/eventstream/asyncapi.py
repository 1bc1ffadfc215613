"""The published events of a stream as an AsyncAPI 3.0 document.

A channel is a routing key of the exchange, that is a version of an event, or the queue of a
subscriber. Brokers other than RabbitMQ get the same messages: kombu gives them the same routing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from messagebus import Event

from reading_club.adapters.eventstream.asyncapi_messages import (
    component_schemas,
    headers_schema,
    message,
)
from reading_club.adapters.eventstream.broker_url import BrokerUrl
from reading_club.adapters.eventstream.description import QueueDescription, describe_routing
from reading_club.adapters.eventstream.topology import DEFAULT_STREAM, Stream
from reading_club.eventstream.description import is_published
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import NO_VERSIONS, Versions
from reading_club.eventstream.wire import wire_type

ASYNCAPI: Final = "3.0.0"
BINDING: Final = "0.3.0"
"""The version of AsyncAPI's bindings of AMQP."""
_TLS: Final = frozenset({"amqps", "rediss"})
_PORTS: Final[Mapping[str, int]] = {"amqp": 5672, "amqps": 5671, "redis": 6379, "rediss": 6379}


@dataclass(frozen=True)
class Info:
    """The application that publishes the events."""

    title: str
    version: str
    description: str = ""


def asyncapi_document(
    info: Info,
    events: Iterable[type[Event]],
    subscribers: Iterable[Subscriber[Any, Any]] = (),
    *,
    versions: Versions = NO_VERSIONS,
    stream: Stream = DEFAULT_STREAM,
    broker_url: str | None = None,
) -> dict[str, Any]:
    """Return the document of the published events, as JSON values.

    It has a channel and an operation ``send`` for each published version, and for each subscriber
    its queue and an operation ``receive``. Of ``broker_url``, which may name a cluster, it has the
    hosts and the virtual host, and no credentials. Raises ValueError for an unsupported URL.
    """
    published = {wire_type(event): event for event in events if is_published(event, versions)}
    queues = describe_routing(subscribers, stream).queues
    servers, vhost = ({}, "/") if broker_url is None else _servers(BrokerUrl(broker_url))
    channels = {type_: _event_channel(type_, stream, vhost) for type_ in published}
    channels |= {queue.name: _queue_channel(queue, published, vhost) for queue in queues}
    operations = {f"send_{type_}": _send(type_) for type_ in published}
    operations |= {f"receive_{queue.subscriber}": _receive(queue, published) for queue in queues}
    messages = {type_: message(event, stream, versions) for type_, event in published.items()}
    schemas = {"headers": headers_schema(stream.task), **component_schemas(published)}
    return {
        "asyncapi": ASYNCAPI,
        "info": {k: v for k, v in vars(info).items() if v},
        "defaultContentType": "application/json",
        **({"servers": servers} if servers else {}),
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _servers(url: BrokerUrl) -> tuple[dict[str, Any], str]:
    """Return the brokers of a URL, and the virtual host of the first."""
    servers: dict[str, Any] = {}
    paths = []
    for number, part in enumerate(url.split(";"), start=1):
        parts = urlsplit(part)
        protocol = parts.scheme.removeprefix("py")
        name = parts.hostname or "localhost"
        host = f"[{name}]" if ":" in name else name
        port = parts.port or _PORTS.get(protocol)
        server = {"host": f"{host}:{port}" if port else host, "protocol": protocol}
        path = unquote(parts.path.removeprefix("/")) or "/"
        paths.append(path if url.broker == "amqp" else "/")
        if parts.path not in ("", "/"):
            server["pathname"] = parts.path
        if protocol in _TLS:
            server["description"] = "With TLS."
        servers["broker" if number == 1 else f"broker{number}"] = server
    return servers, paths[0]


def _event_channel(type_: str, stream: Stream, vhost: str) -> dict[str, Any]:
    exchange = {"name": stream.exchange, "type": "topic", "durable": True, "autoDelete": False}
    binding = {"is": "routingKey", "exchange": exchange | {"vhost": vhost}}
    return {
        "address": type_,
        "description": f"The routing key {type_} of the topic exchange {stream.exchange}.",
        "messages": _messages([type_]),
        "bindings": {"amqp": binding | {"bindingVersion": BINDING}},
    }


def _queue_channel(
    queue: QueueDescription, published: Mapping[str, Any], vhost: str
) -> dict[str, Any]:
    declared = {"name": queue.name, "durable": True, "exclusive": False, "autoDelete": False}
    binding = {"is": "queue", "queue": declared | {"vhost": vhost}, "bindingVersion": BINDING}
    return {
        "address": queue.name,
        "description": f"The queue of the subscriber {queue.subscriber}.",
        "messages": _messages([type_ for type_ in queue.bindings if type_ in published]),
        "bindings": {"amqp": binding},
        "x-queue-arguments": queue.arguments,
        "x-routing-keys": queue.bindings,
    }


def _messages(types: Sequence[str]) -> dict[str, Any]:
    return {type_: {"$ref": f"#/components/messages/{type_}"} for type_ in types}


def _send(type_: str) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{type_}"},
        "summary": "Sent after the commit of its transaction, and perhaps more than once.",
        "messages": [{"$ref": f"#/channels/{type_}/messages/{type_}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "bindingVersion": BINDING}},
    }


def _receive(queue: QueueDescription, published: Mapping[str, Any]) -> dict[str, Any]:
    channel = f"#/channels/{queue.name}"
    types = [type_ for type_ in queue.bindings if type_ in published]
    return {
        "action": "receive",
        "channel": {"$ref": channel},
        "summary": f"Received by the workers of {queue.subscriber}, with effect once.",
        "messages": [{"$ref": f"{channel}/messages/{type_}"} for type_ in types],
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING}},
    }
