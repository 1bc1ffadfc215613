"""Encodes events as Celery messages, equal to those of ``send_task``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any, Final

from celery import Celery
from kombu.compression import compress
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from kombu.utils.uuid import uuid

from reading_club.adapters.eventstream.broker_errors import root_cause
from reading_club.adapters.eventstream.publisher.encoded_message import (
    CONTEXT_PLACEHOLDERS,
    TASK_ID_PLACEHOLDER,
    EncodedMessage,
    MessageTemplate,
)
from reading_club.adapters.eventstream.publisher.versions import CannotBeConverted, Written
from reading_club.adapters.eventstream.stream_app import stream_of
from reading_club.adapters.eventstream.topology import (
    ATTEMPTED,
    REDACTED_REPRS,
    EventRouter,
    Stream,
)
from reading_club.eventstream.outbox.task_envelope import TASK
from reading_club.eventstream.per_process import PerProcess
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage

_LONGEST_ROUTING_KEY: Final = 255
_UNENCODABLE: Final = (EncodeError, LookupError, RecursionError, TypeError, ValueError)


class MessageEncoder:
    """Encodes events by the configuration of the app, whose EventRouter has the stream, if any.

    Raises ValueError if the app belongs to another stream.
    """

    def __init__(self, app: Celery, stream: Stream | None = None) -> None:
        self._app: Any = app  # the stubs are incomplete
        without_router = EventRouter([], stream_of(app, stream))
        routes = self._app.conf.task_routes or ()
        routers = (route for route in routes if isinstance(route, EventRouter))
        self.route = next(routers, without_router)
        # The name of the process is in a header.
        self._templates = PerProcess(self._new_templates)

    def encode(
        self, events: Iterable[OutboxMessage]
    ) -> tuple[list[EncodedMessage], dict[OutboxKey, str]]:
        """Return messages in the order of the events, and reasons of those that lack one.

        An event has several messages if queues need it in different versions. If it cannot be
        converted to some of them, the others are returned, and the reason.
        """
        messages: list[EncodedMessage] = []
        failed: dict[OutboxKey, str] = {}
        templates = self._templates.get()
        for event in events:
            try:
                context = event.context.fields
                template = templates[event.attempted, *context]
                if (written := self._written(event)) is None:
                    messages.append(self._message(event, template, context))
                else:
                    messages += self._in_versions(event, template, written, failed)
            except CannotBeConverted as exc:
                failed[event.key] = str(exc)
            except _UNENCODABLE as exc:
                # The error's text may repeat the event's content.
                failed[event.key] = f"it cannot be encoded: {type(root_cause(exc)).__name__}"
        return messages, failed

    def _written(self, event: OutboxMessage) -> Written | None:
        """Return how the event is written; None if simply as it is stored."""
        written, type_ = self.route.written, event.envelope.get("type")
        if event.key.subscriber == ALL_SUBSCRIBERS:
            return written.to_all.get(type_)
        queue = self.route.stream.queue_name(event.key.subscriber)
        return written.to_one.get((type_, queue))

    def _in_versions(
        self,
        event: OutboxMessage,
        template: MessageTemplate,
        written: Written,
        failed: dict[OutboxKey, str],
    ) -> Sequence[EncodedMessage]:
        """Return the event's messages; add the reason to ``failed`` if a copy is missing.

        With copies the event need not have a queue of its first version.
        """
        context, convert = event.context.fields, self.route.written.convert
        converted = replace(event, envelope=convert(event.envelope, written.type))
        first = self._message(converted, template, context)
        if not written.copies:
            return [first]
        mandatory = first.mandatory and written.type in self.route.wanted
        first = replace(first, mandatory=mandatory, messages=1 + len(written.copies))
        messages = [first]
        for queue, type_ in written.copies.items():
            try:
                envelope = convert(event.envelope, type_)
            except CannotBeConverted as exc:
                failed[event.key] = str(exc)
            else:
                messages.append(_copy(first, envelope, queue, template))
        return messages

    def _new_templates(self) -> Mapping[tuple[Any, ...], MessageTemplate]:
        """Return Celery's messages without arguments, by ``attempted`` and the parts of context."""
        first = self._template(TASK_ID_PLACEHOLDER, self.route.stream.task)
        parts = [
            names
            for number in range(len(CONTEXT_PLACEHOLDERS) + 1)
            for names in combinations(CONTEXT_PLACEHOLDERS, number)
        ]
        return {
            (attempted, *names): replace(
                first,
                headers={
                    **first.headers,
                    **({ATTEMPTED: True} if attempted else {}),
                    **{name: CONTEXT_PLACEHOLDERS[name] for name in names},
                },
            )
            for attempted in (False, True)
            for names in parts
        }

    def _template(self, task_id: str, task: str) -> MessageTemplate:
        """Return Celery's message of a task, without arguments."""
        conf = self._app.conf
        serializer, compression = conf.task_serializer, conf.task_compression
        headers, properties, (_, _, embed), _ = self._app.amqp.as_task_v2(
            task_id,
            task,
            kwargs={},
            reply_to=self._app.thread_oid,
            ignore_result=None,
            **REDACTED_REPRS,
        )
        type_, encoding, _ = dumps({}, serializer=serializer)
        if compression:
            headers["compression"] = compress(b"", compression)[1]
        properties = {**properties, "content_type": type_, "content_encoding": encoding}
        return MessageTemplate(headers, properties, embed, serializer, compression)

    def _message(
        self, event: OutboxMessage, template: MessageTemplate, context: Mapping[str, str]
    ) -> EncodedMessage:
        envelope = dict(event.envelope)
        if envelope.get("type") == TASK:
            return self._task(event.key, envelope)
        address = self._address(event.key.subscriber, envelope)
        body = _body((), {"message": envelope}, template)
        return EncodedMessage(event.key, uuid(), body, template, *address, context=context)

    def _task(self, key: OutboxKey, envelope: Mapping[str, Any]) -> EncodedMessage:
        """Return the message of an ordinary task, by the default exchange; its id is the row's."""
        template = self._template(envelope["id"], envelope["task"])
        body = _body(envelope["args"], envelope["kwargs"], template)
        address = ("", envelope["queue"], True)
        return EncodedMessage(key, envelope["id"], body, template, *address, is_task=True)

    def _address(self, subscriber: str, envelope: dict[str, Any]) -> tuple[str, str, bool]:
        """Return exchange, routing key, and whether the message is mandatory. Raises ValueError."""
        options = self.route(self.route.stream.task, (), {"message": envelope}, {}) or {}
        mandatory = options["mandatory"] or self.route.unwanted == "keep"
        address = (options["exchange"], options["routing_key"], mandatory)
        if subscriber != ALL_SUBSCRIBERS:
            address = ("", self.route.stream.queue_name(subscriber), True)
        if len(str.encode(address[1])) > _LONGEST_ROUTING_KEY:
            raise ValueError("the routing key is too long")
        return address


def _copy(
    message: EncodedMessage, envelope: Mapping[str, Any], queue: str, template: MessageTemplate
) -> EncodedMessage:
    """Return the message with another envelope and another task id, for one queue."""
    copy = replace(message, task_id=uuid(), exchange="", routing_key=queue, mandatory=True)
    return replace(copy, body=_body((), {"message": dict(envelope)}, template))


def _body(args: Sequence[Any], kwargs: Mapping[str, Any], template: MessageTemplate) -> bytes:
    text = dumps((args, kwargs, template.embed), serializer=template.serializer)[2]
    body: bytes = text.encode() if isinstance(text, str) else text
    if template.compression:
        body = compress(body, template.compression)[0]
    return body
