"""Encodes events as Celery messages, equal to those of ``send_task``."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from celery import Celery
from kombu.compression import compress
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from kombu.utils.uuid import uuid

from reading_club.adapters.eventstream.app import REDACTED_REPRS, EventRouter
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder
from reading_club.adapters.eventstream.topology import ATTEMPTED, SEND_MESSAGE, queue_name
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage

TASK_ID_PLACEHOLDER: Final = "00000000-0000-0000-0000-000000000000"
"""Placeholder for a task id, of the same length."""

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


MessageTemplates = Mapping[bool, MessageTemplate]
"""The templates, by whether an event was attempted before."""


@dataclass(frozen=True)
class EncodedMessage:
    """An encoded event, ready to be published."""

    key: OutboxKey
    task_id: str
    body: bytes
    form: MessageTemplate
    exchange: str
    routing_key: str
    mandatory: bool

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of kombu's ``Producer.publish``."""
        return {
            **self._identified(self.form.properties),
            "headers": self._identified(self.form.headers),
            "exchange": self.exchange,
            "routing_key": self.routing_key,
            "mandatory": self.mandatory,
        }

    def _identified(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self.task_id if of == TASK_ID_PLACEHOLDER else of for name, of in fields.items()
        }


class MessageEncoder:
    """Encodes events by the configuration of the app."""

    def __init__(self, app: Celery) -> None:
        self._app: Any = app  # the stubs are incomplete
        self.route = _route_of(app)
        self._forms: dict[int, MessageTemplates] = {}

    def encode(
        self, events: Iterable[OutboxMessage], outcome: PublishResultBuilder
    ) -> list[EncodedMessage]:
        """Return messages in the order of the events; events that cannot be encoded fail."""
        letters, forms = [], self._of_this_process()
        for event in events:
            try:
                letters.append(self._letter(event, forms[event.attempted]))
            except _UNENCODABLE as exc:
                # The error's text may repeat the event's content.
                outcome.fail(event.key, f"it cannot be encoded: {_root(exc)}")
        return letters

    def _of_this_process(self) -> MessageTemplates:
        """Return the templates of this process, whose name is in a header."""
        pid = os.getpid()
        if pid not in self._forms:
            form = self._new_form()
            attempted = replace(form, headers={**form.headers, ATTEMPTED: True})
            self._forms[pid] = {False: form, True: attempted}
        return self._forms[pid]

    def _new_form(self) -> MessageTemplate:
        """Return Celery's headers and properties of a task without arguments."""
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
        encoded = {"content_type": type_, "content_encoding": encoding}
        return MessageTemplate(headers, {**properties, **encoded}, embed, serializer, compression)

    def _letter(self, event: OutboxMessage, form: MessageTemplate) -> EncodedMessage:
        message = dict(event.envelope)
        where = self._where(event.key.subscriber, message)
        content = ((), {"message": message}, form.embed)
        body = _bytes(dumps(content, serializer=form.serializer)[2])
        if form.compression:
            body = compress(body, form.compression)[0]
        return EncodedMessage(event.key, uuid(), body, form, *where)

    def _where(self, subscriber: str, message: dict[str, Any]) -> tuple[str, str, bool]:
        """Return exchange, routing key, and whether the message is mandatory. Raises ValueError."""
        options = self.route(SEND_MESSAGE, (), {"message": message}, {}) or {}
        where = (options["exchange"], options["routing_key"], options["mandatory"])
        if subscriber != ALL_SUBSCRIBERS:
            where = ("", queue_name(subscriber), True)
        if len(str.encode(where[1])) > _LONGEST_ROUTING_KEY:
            raise ValueError("the routing key is too long")
        return where


def _route_of(app: Any) -> EventRouter:
    routes = app.conf.task_routes or ()
    return next((route for route in routes if isinstance(route, EventRouter)), EventRouter([]))


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _root(exc: BaseException) -> str:
    while exc.__cause__ is not None:
        exc = exc.__cause__
    return type(exc).__name__
