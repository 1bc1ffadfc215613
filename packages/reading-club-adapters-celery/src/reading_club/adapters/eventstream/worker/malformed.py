"""Validates task messages, and describes malformed ones for a dead letter.

Celery builds a request from a message in the worker's event loop: an error there ends the worker or
discards the message.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from kombu import Message

from reading_club.adapters.eventstream.topology import ATTEMPTED
from reading_club.eventstream.errors import UnreadableMessage


def validate_task_message(message: Message, task: str) -> None:
    """Validate the message as a call of the ``task``, without schedule, limits or callbacks.

    Raises UnreadableMessage for anything else, and kombu's errors for a body that cannot or must
    not be decoded. The decoded body is cached in the message.
    """
    headers: Mapping[str, Any] = message.headers
    if headers.get("task") != task or not isinstance(headers.get("id"), str):
        raise UnreadableMessage(f"the headers name no call of {task}")
    if headers.get("eta") is not None or headers.get("expires") is not None:
        raise UnreadableMessage("an event has no time to come and does not expire")
    if headers.get("timelimit") not in (None, [None, None], (None, None)):
        raise UnreadableMessage("an event has no time limit")
    match message.payload:
        case [[], {"message": _, **others}, embed] if not others:
            if embed and (not isinstance(embed, dict) or any(embed.values())):
                raise UnreadableMessage("nothing is called after an event")
        case _:
            raise UnreadableMessage(f"the body is no call of {task} with a message alone")


def was_attempted(message: Message) -> bool:
    """Whether a header says that an earlier attempt was counted."""
    headers: Mapping[str, Any] = message.headers
    return headers.get(ATTEMPTED) is True


def is_suspected(message: Message) -> bool:
    """Whether an earlier attempt may have begun and not ended: redelivered, or so marked.

    A redelivered message without the mark may as well have been given back by a worker.
    """
    return bool(message.delivery_info.get("redelivered")) or was_attempted(message)


def described(message: Message) -> dict[str, Any]:
    """Return body, as text or base64, and headers, with the event's id and type if found."""
    body = _text(message.body)
    return {
        **_identity(body.get("body", "")),
        **body,
        "content_type": message.content_type,
        "content_encoding": message.content_encoding,
        "headers": message.headers,
    }


def _text(body: Any) -> dict[str, str]:
    if isinstance(body, str):
        return {"body": body}
    raw = bytes(body or b"")
    try:
        return {"body": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(raw).decode("ascii")}


def _identity(text: str) -> dict[str, str]:
    """Return the id and the type of the event in a task's body, as far as they are found."""
    try:
        body = json.loads(text)
        event = (body[1] if isinstance(body, list) else body["kwargs"])["message"]
        found = {name: event.get(name) for name in ("id", "type")}
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)}
