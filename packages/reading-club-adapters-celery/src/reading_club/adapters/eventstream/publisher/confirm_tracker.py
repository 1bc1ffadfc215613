"""Publisher confirms of the messages in flight on a channel."""

from collections.abc import Callable
from itertools import takewhile
from typing import Any

from reading_club.adapters.eventstream.publisher.connection import NO_QUEUE
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder


class ConfirmTracker:
    """Maps delivery tags to messages, and records the broker's acks, nacks and returns."""

    def __init__(self, channel: Any, refusal_of: Callable[[EncodedMessage], str | None]) -> None:
        self.outcome = PublishResultBuilder()
        self.pending: dict[int, EncodedMessage] = {}
        self.returned = False
        self.nacked = False
        self._tag = 0
        self._refusal_of = refusal_of
        channel.confirm_select()
        channel.events["basic_ack"].add(self.on_ack)
        channel.events["basic_nack"].add(self.on_nack)
        channel.events["basic_return"].add(self.on_return)

    def expect(self, letter: EncodedMessage) -> None:
        """Assign the next delivery tag to the message, which is published next."""
        self._tag += 1
        self.pending[self._tag] = letter

    def on_ack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp's signature
        """Record messages as confirmed; a returned message keeps its result."""
        for letter in self._settled(tag, multiple=multiple):
            self.outcome.confirm(letter.key)

    def on_nack(self, tag: int, multiple: bool) -> None:  # noqa: FBT001  # py-amqp's signature
        """Record messages as refused: one of their queues is full or unavailable.

        The connection works, and other queues may have taken the messages.
        """
        self.nacked = True
        for letter in self._settled(tag, multiple=multiple):
            queue = "one of its queues" if letter.exchange else f"queue {letter.routing_key}"
            self.outcome.refuse(letter.key, f"{queue} is full or takes no messages")

    def on_return(self, _exc: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        """Record a mandatory message without a queue as failed; the broker acks it later.

        If the broker refused to declare the queue, the message is recorded as refused.
        """
        self.returned = True
        task_id = message.properties.get("correlation_id")
        for letter in self.pending.values():
            if letter.task_id == task_id and (refusal := self._refusal_of(letter)):
                self.outcome.refuse(letter.key, refusal)
            elif letter.task_id == task_id:
                self.outcome.fail(letter.key, NO_QUEUE)

    def _settled(self, tag: int, *, multiple: bool) -> list[EncodedMessage]:
        tags = list(takewhile(tag.__ge__, self.pending)) if multiple else [tag]
        return [self.pending.pop(each) for each in tags if each in self.pending]
