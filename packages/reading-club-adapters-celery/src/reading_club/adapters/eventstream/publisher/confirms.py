"""Which letters the broker has confirmed, while many are on their way."""

from itertools import takewhile
from typing import Any

from amqp.exceptions import MessageNacked

from reading_club.adapters.eventstream.publisher.letters import Letter
from reading_club.adapters.eventstream.publisher.line import NO_QUEUE
from reading_club.adapters.eventstream.publisher.outcome import Outcome


class Confirms:
    """Counts what is published on a channel, as the broker does, and hears its answers."""

    def __init__(self, channel: Any) -> None:
        self.outcome = Outcome()
        self.pending: dict[int, Letter] = {}
        self.returned = False
        self._tag = 0
        self._nacked = False
        channel.confirm_select()
        channel.events["basic_ack"].add(self.on_ack)
        channel.events["basic_nack"].add(self.on_nack)
        channel.events["basic_return"].add(self.on_return)

    def expect(self, letter: Letter) -> None:
        """Remember the letter, the next one that is published."""
        self._tag += 1
        self.pending[self._tag] = letter

    def require_no_refusal(self) -> None:
        """Raise MessageNacked if the broker could not take what it was sent."""
        if self._nacked:
            raise MessageNacked("the broker is overloaded")

    def on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp calls it so
        """Confirm what the broker has put on a queue, or has returned before."""
        for letter in self._settled(tag, multiple=multiple):
            self.outcome.confirm(letter.key)

    def on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp calls it so
        """Take note that the broker, or a queue, has trouble of its own."""
        self._settled(tag, multiple=multiple)
        self._nacked = True

    def on_return(self, _exc: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        """Fail a mandatory letter that found no queue; it is acknowledged as well, later."""
        self.returned = True
        task_id = message.properties.get("correlation_id")
        for letter in self.pending.values():
            if letter.task_id == task_id:
                self.outcome.fail(letter.key, NO_QUEUE)

    def _settled(self, tag: int, *, multiple: bool) -> list[Letter]:
        tags = list(takewhile(tag.__ge__, self.pending)) if multiple else [tag]
        return [self.pending.pop(each) for each in tags if each in self.pending]
