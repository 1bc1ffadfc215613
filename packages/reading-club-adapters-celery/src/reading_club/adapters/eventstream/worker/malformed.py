"""Validates task messages, and wraps malformed ones into a task that makes a dead letter.

Celery builds a request from a message in the worker's event loop: an error there ends the worker or
discards the message. A wrapped message runs as a task instead, which stores the dead letter and
waits for the database if necessary; then the original is acknowledged, or requeued unchanged.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from kombu import Message

from reading_club.adapters.eventstream.topology import ATTEMPTED, SEND_MESSAGE
from reading_club.eventstream.errors import UnreadableMessage

ARRIVED: Final = "arrived"
"""Header that a worker sets: the monotonic time at which it received the message."""

_WRAPPED: Final = frozenset({"malformed", "error"})
_BODY_PARTS: Final = 3
_UNREADABLE: Final = (TypeError, ValueError, RecursionError)


def validate_task_message(message: Message) -> None:
    """Validate the message as a call of the event task, without schedule, limits or callbacks.

    Raises UnreadableMessage for anything else, and kombu's errors for a body that cannot or must
    not be decoded. The decoded body is cached in the message, where Celery reads it next.
    """
    headers: Mapping[str, Any] = message.headers
    if headers.get("task") != SEND_MESSAGE or not isinstance(headers.get("id"), str):
        raise UnreadableMessage(f"the headers name no call of {SEND_MESSAGE}")
    if headers.get("eta") is not None or headers.get("expires") is not None:
        raise UnreadableMessage("an event has no time to come and does not expire")
    if headers.get("timelimit") not in (None, [None, None], (None, None)):
        raise UnreadableMessage("an event has no time limit")
    body: Any = message.payload
    if not isinstance(body, list) or len(body) != _BODY_PARTS:
        raise UnreadableMessage("the body is not a list of three")
    if not isinstance(body[0], list) or not isinstance(body[1], dict):
        raise UnreadableMessage("the body has no arguments")
    if body[2] and (not isinstance(body[2], dict) or any(body[2].values())):
        raise UnreadableMessage("nothing is called after an event")


def is_batchable(message: Message) -> bool:
    """Whether the call is an event and nothing else; a call with stamps is left to Celery."""
    args, kwargs, _ = message.payload
    stamped: object = message.headers.get("stamped_headers")
    return not args and kwargs.keys() == {"message"} and not stamped


def is_suspected(delivery_info: Mapping[str, Any], headers: Mapping[str, Any]) -> bool:
    """Whether an earlier attempt may have begun and not ended: redelivered, or so marked."""
    return bool(delivery_info.get("redelivered")) or headers.get(ATTEMPTED) is True


def wrapped(message: Message, error: Exception) -> Message:
    """Return a call of the event task that makes a dead letter of the message.

    The message is embedded as text, and so is not decoded a second time. The call has no channel:
    acknowledge the original message.
    """
    kwargs = {"malformed": _description(message), "error": f"{type(error).__name__}: {error}"}
    return Message(
        body=json.dumps([[], kwargs, {}]),
        content_type="application/json",
        content_encoding="utf-8",
        delivery_info=message.delivery_info,
        headers={
            "task": SEND_MESSAGE,
            "id": str(uuid4()),
            "argsrepr": "()",
            "kwargsrepr": "{}",
        },
    )


def unwrapped(args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[object, UnreadableMessage]:
    """Return content and error of the dead letter for a call with other arguments than an event."""
    if not args and kwargs.keys() == _WRAPPED:
        return _value(kwargs["malformed"]), UnreadableMessage(str(kwargs["error"]))
    call = {**_identity([args, kwargs]), "args": list(args), "kwargs": dict(kwargs)}
    return call, UnreadableMessage(f"{SEND_MESSAGE} takes a message and nothing else")


def _description(message: Message) -> str:
    """Return the received body, as text or base64, and headers as one JSON text in ASCII."""
    body = _text(message.body)
    received = {
        **_identity(_value(body.get("body"))),
        **body,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
    }
    headers = {name: value for name, value in message.headers.items() if name != ARRIVED}
    try:
        return json.dumps({**received, "headers": headers}, sort_keys=True, default=str)
    except _UNREADABLE:
        return json.dumps(received, sort_keys=True, default=str)


def _text(body: Any) -> dict[str, str]:
    if isinstance(body, str):
        return {"body": body}
    raw = bytes(body or b"")
    try:
        return {"body": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(raw).decode("ascii")}


def _value(text: object) -> object:
    """Return the value of a JSON text, or the argument itself if it is not JSON."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except _UNREADABLE:
        return text


def _identity(body: Any) -> dict[str, str]:
    """Return the id and the type of the event in a task's body, as far as they are found."""
    kwargs = body[1] if isinstance(body, list) and len(body) > 1 else body
    if isinstance(kwargs, dict) and isinstance(kwargs.get("kwargs"), dict):
        kwargs = kwargs["kwargs"]
    event = kwargs.get("message") if isinstance(kwargs, dict) else None
    found = event if isinstance(event, dict) else {}
    return {name: found[name] for name in ("id", "type") if isinstance(found.get(name), str)}
