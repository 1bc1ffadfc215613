"""Encodes events as Celery messages, equal to those of ``send_task``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from amqp import Message
from celery import Celery
from kombu.compression import compress
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from kombu.utils.uuid import uuid

from reading_club.adapters.eventstream._pyamqp import PrerenderedMessage, serialized_properties
from reading_club.adapters.eventstream.broker_errors import root_cause
from reading_club.adapters.eventstream.topology import (
    ATTEMPTED,
    REDACTED_REPRS,
    SEND_MESSAGE,
    EventRouter,
    queue_name,
)
from reading_club.eventstream.per_process import PerProcess
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage

TASK_ID_PLACEHOLDER: Final = "00000000-0000-0000-0000-000000000000"
"""Placeholder for a task id, of the same length."""

_PERSISTENT: Final = 2
_LONGEST_ROUTING_KEY: Final = 255
_UNENCODABLE: Final = (EncodeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class MessageTemplate:
    """Headers and properties shared by all messages of a process, with a placeholder as task id."""

    headers: Mapping[str, Any]
    properties: Mapping[str, Any]
    """Arguments of kombu's producer, without headers, exchange and routing key."""
    embed: Mapping[str, Any]
    """Third part of the body of a task message: callbacks, errbacks, chain and chord."""
    serializer: str
    compression: str | None

    @cached_property
    def serialized(self) -> bytes:
        """The AMQP headers and properties, with the placeholder.

        Serialising them for each message was much of the cost of sending. They differ in the task
        id alone, whose length is fixed.
        """
        properties = {"application_headers": self.headers, **self.properties}
        message = Message(priority=0, delivery_mode=_PERSISTENT, **properties)
        return serialized_properties(message)


@dataclass(frozen=True)
class EncodedMessage:
    """An encoded event, ready to be published."""

    key: OutboxKey
    task_id: str
    body: bytes
    template: MessageTemplate
    exchange: str
    routing_key: str
    mandatory: bool

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of kombu's ``Producer.publish``."""
        return {
            **self._identified(self.template.properties),
            "headers": self._identified(self.template.headers),
            "exchange": self.exchange,
            "routing_key": self.routing_key,
            "mandatory": self.mandatory,
        }

    @property
    def prerendered(self) -> Message:
        """The message that kombu's producer would send to an AMQP broker."""
        task_id, placeholder = self.task_id.encode(), TASK_ID_PLACEHOLDER.encode()
        return PrerenderedMessage(self.body, self.template.serialized.replace(placeholder, task_id))

    def _identified(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self.task_id if of == TASK_ID_PLACEHOLDER else of for name, of in fields.items()
        }


class MessageEncoder:
    """Encodes events by the configuration of the app."""

    def __init__(self, app: Celery) -> None:
        self._app: Any = app  # the stubs are incomplete
        routes = self._app.conf.task_routes or ()
        routers = (route for route in routes if isinstance(route, EventRouter))
        self.route = next(routers, EventRouter([]))
        # The name of the process is in a header.
        self._templates = PerProcess(self._new_templates)

    def encode(
        self, events: Iterable[OutboxMessage]
    ) -> tuple[list[EncodedMessage], dict[OutboxKey, str]]:
        """Return messages in the order of the events, and reasons of those that have none."""
        messages, failed = [], {}
        templates = self._templates.get()
        for event in events:
            try:
                messages.append(self._message(event, templates[event.attempted]))
            except _UNENCODABLE as exc:
                # The error's text may repeat the event's content.
                failed[event.key] = f"it cannot be encoded: {type(root_cause(exc)).__name__}"
        return messages, failed

    def _new_templates(self) -> Mapping[bool, MessageTemplate]:
        """Return Celery's message without arguments, by whether an event was attempted before."""
        conf = self._app.conf
        serializer, compression = conf.task_serializer, conf.task_compression
        headers, properties, (_, _, embed), _ = self._app.amqp.as_task_v2(
            TASK_ID_PLACEHOLDER,
            SEND_MESSAGE,
            kwargs={},
            reply_to=self._app.thread_oid,
            ignore_result=None,
            **REDACTED_REPRS,
        )
        type_, encoding, _ = dumps({}, serializer=serializer)
        if compression:
            headers["compression"] = compress(b"", compression)[1]
        properties = {**properties, "content_type": type_, "content_encoding": encoding}
        first = MessageTemplate(headers, properties, embed, serializer, compression)
        return {False: first, True: replace(first, headers={**headers, ATTEMPTED: True})}

    def _message(self, event: OutboxMessage, template: MessageTemplate) -> EncodedMessage:
        envelope = dict(event.envelope)
        address = self._address(event.key.subscriber, envelope)
        content = ((), {"message": envelope}, template.embed)
        text = dumps(content, serializer=template.serializer)[2]
        body = text.encode() if isinstance(text, str) else text
        if template.compression:
            body = compress(body, template.compression)[0]
        return EncodedMessage(event.key, uuid(), body, template, *address)

    def _address(self, subscriber: str, envelope: dict[str, Any]) -> tuple[str, str, bool]:
        """Return exchange, routing key, and whether the message is mandatory. Raises ValueError."""
        options = self.route(SEND_MESSAGE, (), {"message": envelope}, {}) or {}
        address = (options["exchange"], options["routing_key"], options["mandatory"])
        if subscriber != ALL_SUBSCRIBERS:
            address = ("", queue_name(subscriber), True)
        if len(str.encode(address[1])) > _LONGEST_ROUTING_KEY:
            raise ValueError("the routing key is too long")
        return address
