"""Which letters the broker has confirmed, while many are on their way."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from reading_club.adapters.eventstream.publisher.letters import Letter
from reading_club.adapters.eventstream.publisher.line import NO_QUEUE
from reading_club.adapters.eventstream.publisher.outcome import Outcome


class Confirms:
    """Counts what is published on a channel, as the broker does, and hears its answers."""

    def __init__(self, channel: Any, refusal_of: Callable[[Letter], str | None]) -> None:
        self.outcome = Outcome()
        self.pending: dict[int, Letter] = {}
        self.returned = False
        self._tag = 0
        self._refusal_of = refusal_of
        channel.confirm_select()
        channel.events["basic_ack"].add(self.on_ack)
        channel.events["basic_nack"].add(self.on_nack)
        channel.events["basic_return"].add(self.on_return)

    def expect(self, letter: Letter) -> None:
        """Remember the letter, the next one that is published."""
        self._tag += 1
        self.pending[self._tag] = letter

    def on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp calls it so
        """Confirm what the broker has put on a queue, or has returned before."""
        for letter in self._settled(tag, multiple=multiple):
            self.outcome.confirm(letter.key)

    def on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp calls it so
        """Refuse what a queue did not take: it is full, or has trouble of its own.

        The broker is there, and the other queues may have taken it.
        """
        for letter in self._settled(tag, multiple=multiple):
            queue = "one of its queues" if letter.exchange else f"queue {letter.routing_key}"
            self.outcome.refuse(letter.key, f"{queue} is full or takes no messages")

    def on_return(self, _exc: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        """Fail a mandatory letter that found no queue; it is acknowledged as well, later.

        If the broker refuses to make the queue, that is no fault of the letter.
        """
        self.returned = True
        task_id = message.properties.get("correlation_id")
        for letter in self.pending.values():
            if letter.task_id == task_id and (refusal := self._refusal_of(letter)):
                self.outcome.refuse(letter.key, refusal)
            elif letter.task_id == task_id:
                self.outcome.fail(letter.key, NO_QUEUE)

    def _settled(self, tag: int, *, multiple: bool) -> list[Letter]:
        tags = list(takewhile(tag.__ge__, self.pending)) if multiple else [tag]
        return [self.pending.pop(each) for each in tags if each in self.pending]
