"""Encoded events, whose headers and properties are serialised once for all of a process."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from amqp import Message

from reading_club.adapters.eventstream._pyamqp import PrerenderedMessage, serialized_properties
from reading_club.eventstream.ports.outbox import OutboxKey

TASK_ID_PLACEHOLDER: Final = "00000000-0000-0000-0000-000000000000"
"""Placeholder for a task id, of the same length."""
CONTEXT_PLACEHOLDERS: Final[Mapping[str, str]] = {
    "correlation_id": "00000000-0000-0000-0000-000000000001",
    "causation_id": "00000000-0000-0000-0000-000000000002",
    "traceparent": f"00-{'0' * 32}-{'0' * 16}-00",
}
"""Placeholders for the parts of a message's context, each of the same length as the part."""

_IN_BYTES: Final = {name: of.encode() for name, of in CONTEXT_PLACEHOLDERS.items()}
_TASK_ID: Final = TASK_ID_PLACEHOLDER.encode()
_PLACEHOLDER: Final = re.compile(
    "|".join((TASK_ID_PLACEHOLDER, *CONTEXT_PLACEHOLDERS.values())).join("()").encode()
)
_PERSISTENT: Final = 2


@dataclass(frozen=True)
class MessageTemplate:
    """Headers and properties shared by messages of a process.

    Task id and context, in which the messages differ, are placeholders.
    """

    headers: Mapping[str, Any]
    properties: Mapping[str, Any]
    """Arguments of kombu's producer, without headers, exchange and routing key."""
    embed: Mapping[str, Any]
    """Third part of the body of a task message: callbacks, errbacks, chain and chord."""
    serializer: str
    compression: str | None

    @cached_property
    def serialized(self) -> Sequence[bytes]:
        """The AMQP headers and properties, split before and after each placeholder.

        Serialising them for each message was much of the cost of sending. They differ in the
        placeholders alone, whose lengths are fixed.
        """
        properties = {"application_headers": self.headers, **self.properties}
        message = Message(priority=0, delivery_mode=_PERSISTENT, **properties)
        return _PLACEHOLDER.split(serialized_properties(message))


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
    is_task: bool = False
    """Whether it is an ordinary task, for a queue that is none of the stream's."""
    messages: int = 1
    """How many messages there are of the event: one, or one more for each copy in a version."""
    context: Mapping[str, str] = field(default_factory=dict)
    """The known parts of the message's context, by the names of their headers."""

    @property
    def options(self) -> dict[str, Any]:
        """The keyword arguments of kombu's ``Producer.publish``."""
        return {
            **self._filled_in(self.template.properties),
            "headers": self._filled_in(self.template.headers),
            "exchange": self.exchange,
            "routing_key": self.routing_key,
            "mandatory": self.mandatory,
        }

    @property
    def prerendered(self) -> Message:
        """The message that kombu's producer would send to an AMQP broker."""
        values = {_IN_BYTES[name]: value.encode() for name, value in self.context.items()}
        values[_TASK_ID] = self.task_id.encode()
        pieces = self.template.serialized
        return PrerenderedMessage(self.body, b"".join([values.get(p, p) for p in pieces]))

    def _filled_in(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        context = {CONTEXT_PLACEHOLDERS[name]: value for name, value in self.context.items()}
        values = {TASK_ID_PLACEHOLDER: self.task_id, **context}
        return {
            name: values.get(of, of) if isinstance(of, str) else of for name, of in fields.items()
        }
