"""Builds a dead letter from any message, valid or not."""

import json
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

from reading_club.eventstream.ports.dead_letters import RELAY, DeadLetter
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxMessage

_LONGEST_ERROR: Final = 2000
_LONGEST_TYPE: Final = 200


def build_dead_letter(
    subscriber: str, message: object, error: Exception, now: datetime
) -> DeadLetter:
    """Return a dead letter of any message, without raising."""
    text, value = _as_json(message)
    return DeadLetter(
        subscriber=subscriber,
        message_id=_message_id(message, text),
        type=_sanitise(_field(message, "type"), _LONGEST_TYPE),
        envelope=value,
        error=_sanitise(f"{type(error).__name__}: {error}", _LONGEST_ERROR),
        set_aside_at=now,
    )


def build_unsendable(event: OutboxMessage, error: str, now: datetime) -> DeadLetter:
    """Return the dead letter of an event that the broker has refused too often."""
    subscriber = event.key.subscriber
    return DeadLetter(
        subscriber=RELAY if subscriber == ALL_SUBSCRIBERS else subscriber,
        message_id=event.key.message_id,
        type=str(event.envelope.get("type", "")),
        envelope=event.envelope,
        error=error,
        set_aside_at=now,
        attempts=event.attempts + 1,
    )


def with_text_envelope(letter: DeadLetter) -> DeadLetter:
    """Return the dead letter with its envelope as JSON text in ASCII, if JSON was refused."""
    text = json.dumps(letter.envelope, sort_keys=True)
    return letter.model_copy(update={"envelope": text})


def _as_json(message: object) -> tuple[str, Any]:
    """Return the message as canonical JSON text in ASCII, and the decoded value.

    Values that JSON does not know become strings. If a string has a lone surrogate, the value is
    the text.
    """
    try:
        text = json.dumps(message, sort_keys=True, separators=(",", ":"), default=str)
        value = json.loads(text, parse_constant=str)
    except (TypeError, ValueError, RecursionError):
        text = value = f"a {type(message).__name__} that is not JSON"
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return text, text
    return text, value


def _message_id(message: object, text: str) -> UUID:
    try:
        return UUID(_field(message, "id"))
    except ValueError:
        return uuid5(NAMESPACE_URL, text)


def _field(message: object, name: str) -> str:
    value: Any = message.get(name) if isinstance(message, dict) else None
    return value if isinstance(value, str) else ""


def _sanitise(text: str, longest: int) -> str:
    """Return text that every database stores: NUL and lone surrogates escaped, length bounded."""
    clean = text[:longest].encode("utf-8", "backslashreplace").decode("utf-8")
    return clean.replace("\x00", "\\x00")
