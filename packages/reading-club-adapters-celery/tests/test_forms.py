"""Messages whose properties are written once."""

import amqp
from kombu import Producer
from kombu.transport.pyamqp import Channel

from reading_club.adapters.eventstream import publisher_app
from reading_club.adapters.eventstream.publisher.forms import WrittenForm
from reading_club.adapters.eventstream.publisher.letters import Encoder, Letter
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing


class Recorder(Channel):
    """A channel of kombu that keeps what is published, and has no connection."""

    def __init__(self) -> None:
        self.published: list[amqp.Message] = []

    def basic_publish(self, message: amqp.Message, **_: object) -> None:
        """Keep the message."""
        self.published.append(message)


def letters(number: int) -> list[Letter]:
    """Return letters of one process."""
    app = publisher_app("memory://", LISTENERS)
    return Encoder(app).encode([outgoing() for _ in range(number)], Outcome())


def test_a_form_that_is_filled_in_is_what_kombu_writes() -> None:
    """To the byte: nobody who reads it can tell."""
    channel = Recorder()
    for letter in letters(2):
        Producer(channel, auto_declare=False).publish(letter.body, **letter.options)
        ours = WrittenForm(letter.form, channel).filled_in(letter)

        theirs = channel.published[-1]
        assert ours.body == theirs.body
        assert ours._serialize_properties() == theirs._serialize_properties()
        assert letter.task_id.encode() in ours._serialize_properties()


def test_the_letters_of_a_process_have_one_form() -> None:
    """It is made once, whatever the number of windows."""
    first, second = letters(2)

    assert first.form is second.form
    assert first.task_id != second.task_id
