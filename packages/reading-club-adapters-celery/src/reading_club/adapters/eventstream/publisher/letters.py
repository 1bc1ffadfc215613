"""Events as they go over the wire: the same that Celery's ``send_task`` makes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from celery import Celery
from kombu.exceptions import EncodeError
from kombu.serialization import dumps
from kombu.utils.uuid import uuid

from reading_club.adapters.eventstream.config import EventRoute
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.topology import SEND_MESSAGE, queue_called
from reading_club.service.outbox.port import EVERYBODY, Key, Outgoing

_LONGEST_ROUTING_KEY: Final = 255
_UNENCODABLE: Final = (EncodeError, LookupError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Letter:
    """An event that is encoded: nothing in it can fail any more, but the broker may refuse it."""

    key: Key
    task_id: str
    body: bytes
    options: Mapping[str, Any]
    """How kombu's producer publishes it."""


class Encoder:
    """Makes letters, by the configuration of the app."""

    def __init__(self, app: Celery) -> None:
        self._app: Any = app  # the stubs know little of it
        self.route = _route_of(app)

    def encode(self, events: Iterable[Outgoing], outcome: Outcome) -> list[Letter]:
        """Return letters in the order of the events; what cannot be one has failed."""
        letters = []
        for event in events:
            try:
                letters.append(self._letter(event))
            except _UNENCODABLE as exc:
                # Its text may repeat what is in the event.
                outcome.fail(event.key, f"it cannot be encoded: {_root(exc)}")
        return letters

    def _letter(self, event: Outgoing) -> Letter:
        message = dict(event.envelope)
        options = self._where(event.key.subscriber, message)
        task_id = uuid()
        headers, properties, content, _ = self._app.amqp.as_task_v2(
            task_id,
            SEND_MESSAGE,
            kwargs={"message": message},
            reply_to=self._app.thread_oid,
            ignore_result=None,
            argsrepr=options.pop("argsrepr"),
            kwargsrepr=options.pop("kwargsrepr"),
        )
        type_, encoding, body = dumps(content, serializer=self._app.conf.task_serializer)
        how = {"headers": headers, "content_type": type_, "content_encoding": encoding}
        return Letter(event.key, task_id, _bytes(body), {**properties, **how, **options})

    def _where(self, subscriber: str, message: dict[str, Any]) -> dict[str, Any]:
        options = self.route(SEND_MESSAGE, (), {"message": message}, {}) or {}
        if subscriber != EVERYBODY:
            queue = queue_called(subscriber)
            options |= {"exchange": "", "routing_key": queue, "mandatory": True}
        if len(str.encode(options["routing_key"])) > _LONGEST_ROUTING_KEY:
            raise ValueError("the routing key is too long")
        kept = ("exchange", "routing_key", "mandatory", "argsrepr", "kwargsrepr")
        compression = self._app.conf.task_compression
        return {**{name: options[name] for name in kept}, "compression": compression}


def _route_of(app: Any) -> EventRoute:
    routes = app.conf.task_routes or ()
    return next((route for route in routes if isinstance(route, EventRoute)), EventRoute([]))


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _root(exc: BaseException) -> str:
    while exc.__cause__ is not None:
        exc = exc.__cause__
    return type(exc).__name__
