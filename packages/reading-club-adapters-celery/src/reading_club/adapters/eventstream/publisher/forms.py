"""Messages whose properties are written once for a connection, and not once for each of them.

py-amqp writes the headers of a message one by one, which was much of what sending it cost. They
differ by the id alone, which has the same length in each.
"""

from typing import Any, Final

from amqp import Message

from reading_club.adapters.eventstream.publisher.letters import NO_ID, Form, Letter

PERSISTENT: Final = 2


class FilledIn(Message):
    """A message with properties that are written already."""

    def __init__(self, body: bytes, written: bytes) -> None:
        super().__init__(body)
        self._written = written

    def _serialize_properties(self) -> bytes:
        return self._written


class WrittenForm:
    """A form as it is on the wire."""

    def __init__(self, form: Form, channel: Any) -> None:
        properties = {**form.properties, "delivery_mode": PERSISTENT}
        message = channel.prepare_message(
            b"",
            priority=0,
            content_type=properties.pop("content_type"),
            content_encoding=properties.pop("content_encoding"),
            headers=form.headers,
            properties=properties,
        )
        self._written: bytes = message._serialize_properties()  # noqa: SLF001  # by py-amqp itself

    def filled_in(self, letter: Letter) -> Message:
        """Return the message that kombu's producer would make of a letter on this form."""
        return FilledIn(letter.body, self._written.replace(NO_ID.encode(), letter.task_id.encode()))
