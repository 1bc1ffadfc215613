"""Messages that are no call of our task: told apart, and wrapped into a call that sets them aside.

Celery decodes a message and makes a request of it in the worker's event loop, where an error
ends the worker, or it discards the message. Wrapped, the message goes the usual way instead: a
task sets it aside, waits for the database if it must, and is acknowledged afterwards. What goes
back to its queue is the message as it came.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from kombu import Message

from reading_club.adapters.eventstream.topology import ATTEMPTED, SEND_MESSAGE
from reading_club.service.envelope import UnreadableMessage

ARRIVED: Final = "arrived"
"""The header in which a worker notes when it received a message, by its monotonic clock."""

_WRAPPED: Final = frozenset({"garbage", "error"})
_BODY_PARTS: Final = 3
_UNREADABLE: Final = (TypeError, ValueError, RecursionError)


def require_call(message: Message) -> None:
    """Return if the message calls our task, at once and without a limit, as publishers do.

    Raises UnreadableMessage if it does not, and what kombu raises for a body that it cannot
    or must not decode. The decoded body is kept in the message, where Celery needs it next.
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


def is_event(message: Message) -> bool:
    """Whether the call is an event and nothing else. What bears stamps is for Celery to read."""
    args, kwargs, _ = message.payload
    stamped: object = message.headers.get("stamped_headers")
    return not args and kwargs.keys() == {"message"} and not stamped


def is_suspected(delivery_info: Mapping[str, Any], headers: Mapping[str, Any]) -> bool:
    """Whether the handling may have been begun before, by a process that did not finish it."""
    return bool(delivery_info.get("redelivered")) or headers.get(ATTEMPTED) is True


def wrapped(message: Message, error: Exception) -> Message:
    """Return a call of our task that sets the message aside because of the error.

    What it carries is text, so that nothing in it is decoded a second time. It has no channel:
    acknowledge the message itself.
    """
    kwargs = {"garbage": _description(message), "error": f"{type(error).__name__}: {error}"}
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
    """Return what to set aside for a call that has not exactly a ``message``, and why."""
    if not args and kwargs.keys() == _WRAPPED:
        return _value(kwargs["garbage"]), UnreadableMessage(str(kwargs["error"]))
    call = {**_identity([args, kwargs]), "args": list(args), "kwargs": dict(kwargs)}
    return call, UnreadableMessage(f"{SEND_MESSAGE} takes a message and nothing else")


def _description(message: Message) -> str:
    """Return one JSON text in ASCII of all that was received, the body as text or in base64."""
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
    """Return the value of a JSON text, or what was given if it is none."""
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
