"""Redaction: what replaces fields of stored messages, so that they still decode."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from reading_club.eventstream.wire import Envelope

REMOVED: Final = "removed"
"""Stands in place of an envelope or a payload that cannot be read."""

_IDS: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Redaction:
    """Replaces fields of the messages of one type whose ``field`` is one of the ids."""

    type: str
    """The type on the wire."""
    field: str
    """The field of the payload that holds an id."""
    ids: frozenset[UUID]
    words: Mapping[str, Any]
    """The fields to replace, with their new JSON values."""

    def applies_to(self, type_: str, payload: Mapping[str, Any]) -> bool:
        """Whether a message of this type and payload is to be redacted."""
        try:
            return type_ == self.type and UUID(payload[self.field]) in self.ids
        except (LookupError, TypeError, ValueError, AttributeError):
            return False


def redacted(
    type_: str, payload: Mapping[str, Any], redactions: Iterable[Redaction]
) -> dict[str, Any]:
    """Return a copy of the payload, redacted."""
    result = dict(payload)
    for redaction in redactions:
        if redaction.applies_to(type_, result):
            result |= {name: to for name, to in redaction.words.items() if name in result}
    return result


def redacted_json(type_: str, payload: str, redactions: Iterable[Redaction]) -> str:
    """Return the JSON text of a payload, redacted; the same text if nothing is to be replaced."""
    before = json.loads(payload)
    after = redacted(type_, before, redactions)
    if after == before:
        return payload
    return json.dumps(after, ensure_ascii=False, separators=(",", ":"))


def redacted_envelope(envelope: Any, redactions: Sequence[Redaction]) -> Any:
    """Return an envelope of a dead letter or of the outbox, redacted.

    If one that cannot be read names one of the ids anywhere, its id and type are left.
    """
    try:
        read = Envelope.model_validate(envelope)
    except ValidationError:
        return _removed(envelope) if _names_an_id(envelope, redactions) else envelope
    return {**envelope, "payload": redacted_json(read.type, envelope["payload"], redactions)}


def redacted_error(error: str) -> str:
    """Return the class of an error that is stored with its message, which may quote a word."""
    name = error.partition(":")[0]
    return name if name.isidentifier() else REMOVED


def _removed(envelope: Any) -> Any:
    if not isinstance(envelope, dict):
        return REMOVED
    return {name: envelope[name] for name in ("id", "type") if name in envelope} | {
        "payload": REMOVED
    }


def _names_an_id(envelope: Any, redactions: Iterable[Redaction]) -> bool:
    named = {UUID(text) for text in _IDS.findall(json.dumps(envelope))}
    return any(named & redaction.ids for redaction in redactions)
