"""AMQP messages whose properties are serialised once per channel.

Serialising the headers of each message was much of the cost of sending. The headers differ in the
task id alone, whose length is fixed.
"""

from typing import Any, Final

from amqp import Message

from reading_club.adapters.eventstream.publisher.encoding import (
    TASK_ID_PLACEHOLDER,
    EncodedMessage,
    MessageTemplate,
)

PERSISTENT: Final = 2


class PrerenderedMessage(Message):
    """A message with serialised properties."""

    def __init__(self, body: bytes, written: bytes) -> None:
        super().__init__(body)
        self._written = written

    def _serialize_properties(self) -> bytes:
        return self._written


class SerializedProperties:
    """Serialised properties, with a placeholder for the task id."""

    def __init__(self, form: MessageTemplate, channel: Any) -> None:
        properties = {**form.properties, "delivery_mode": PERSISTENT}
        message = channel.prepare_message(
            b"",
            priority=0,
            content_type=properties.pop("content_type"),
            content_encoding=properties.pop("content_encoding"),
            headers=form.headers,
            properties=properties,
        )
        self._written: bytes = message._serialize_properties()  # noqa: SLF001  # as py-amqp does

    def message(self, letter: EncodedMessage) -> Message:
        """Return the message that kombu's producer would send, with the task id filled in."""
        return PrerenderedMessage(
            letter.body,
            self._written.replace(TASK_ID_PLACEHOLDER.encode(), letter.task_id.encode()),
        )
