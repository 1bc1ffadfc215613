"""The context of messages: which request they belong to, what caused them, and their trace.

It travels beside a message, never in its envelope: in the metadata of the history, and in headers
on the broker, by the same three names.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

TRACEPARENT_LENGTH: Final = 55

_ID: Final = (UUID, type(None))
_UUID_LENGTH: Final = 36
_TRACEPARENT: Final = re.compile(
    "(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII
)


@dataclass(frozen=True)
class MessageContext:
    """What is known of a message beside its content. Each part may be missing.

    Raises TypeError or ValueError for a part that has not the length that headers have room for.
    """

    correlation_id: UUID | None = None
    """The same for all messages that one request, or one command from elsewhere, led to."""
    causation_id: UUID | None = None
    """The message whose handling recorded this one: a command in the same transaction, or an event
    that was delivered."""
    traceparent: str | None = None
    """The span that recorded the message, as W3C Trace Context writes it: 55 characters."""

    def __post_init__(self) -> None:
        if not (isinstance(self.correlation_id, _ID) and isinstance(self.causation_id, _ID)):
            raise TypeError("correlation_id and causation_id are UUIDs")
        if self.traceparent is not None and as_traceparent(self.traceparent) is None:
            raise ValueError("traceparent is no valid one of W3C Trace Context")

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The known parts as texts, by name: for metadata and headers."""
        parts = ((name, getattr(self, name)) for name in _NAMES)
        return MappingProxyType({name: str(part) for name, part in parts if part is not None})

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "MessageContext":
        """Return the context in metadata or headers, which may come from anywhere.

        A part that is no UUID, or no valid traceparent, is ignored.
        """
        correlation_id = as_uuid(fields.get("correlation_id"))
        causation_id = as_uuid(fields.get("causation_id"))
        return cls(correlation_id, causation_id, as_traceparent(fields.get("traceparent")))


_NAMES: Final = ("correlation_id", "causation_id", "traceparent")

NO_CONTEXT: Final = MessageContext()
"""The context of a message of which nothing is known."""

_current: ContextVar["MessageContext | DeliveredEnvelope"] = ContextVar(
    "message_context", default=NO_CONTEXT
)


def current() -> MessageContext:
    """Return the context in which this task or thread works: messages recorded now inherit it.

    While a message is handled, ``causation_id`` is the id of that message.
    """
    of = _current.get()
    return of.while_handled if isinstance(of, DeliveredEnvelope) else of


def using(context: MessageContext) -> AbstractContextManager[None]:
    """Make the context the current one of this task or thread during the block."""
    return _During(context)


class _During(AbstractContextManager[None]):
    """Not a generator, which takes three times as long: there is one for each event of a batch."""

    def __init__(self, of: "MessageContext | DeliveredEnvelope") -> None:
        self._of = of

    def __enter__(self) -> None:
        self._token: Token[MessageContext | DeliveredEnvelope] = _current.set(self._of)

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def as_uuid(text: object) -> UUID | None:
    """Return the UUID of a text of 36 characters; None for anything else."""
    if not isinstance(text, str) or len(text) != _UUID_LENGTH:
        return None
    try:
        return UUID(text)
    except ValueError:
        return None


def as_traceparent(text: object) -> str | None:
    """Return the text if it is a valid traceparent of 55 characters; None for anything else."""
    return text if isinstance(text, str) and _TRACEPARENT.fullmatch(text) else None


class DeliveredEnvelope(dict[str, Any]):
    """An envelope as it was delivered, and its headers, which are read when they are needed."""

    def __init__(self, envelope: Mapping[str, Any], headers: Mapping[str, Any]) -> None:
        super().__init__(envelope)
        self._headers = headers

    @cached_property
    def context(self) -> MessageContext:
        """The context in the headers."""
        return MessageContext.from_fields(self._headers)

    @cached_property
    def while_handled(self) -> MessageContext:
        """The context of what is done while this is handled."""
        return _caused_by(self, self.context)


def context_of(message: object) -> MessageContext:
    """Return the context of a delivered message; NO_CONTEXT if it came without headers."""
    return message.context if isinstance(message, DeliveredEnvelope) else NO_CONTEXT


def handling(messages: Sequence[object]) -> AbstractContextManager[None]:
    """Make the context of the only message of a batch the current one; of several, none is.

    The message is the cause of what is done. The correlation id of one without is its own id.
    """
    if len(messages) != 1:
        return nullcontext()
    only = messages[0]
    return _During(only if isinstance(only, DeliveredEnvelope) else _caused_by(only, NO_CONTEXT))


def _caused_by(message: object, context: MessageContext) -> MessageContext:
    id_ = as_uuid(message.get("id")) if isinstance(message, Mapping) else None
    return MessageContext(context.correlation_id or id_, id_, context.traceparent)
