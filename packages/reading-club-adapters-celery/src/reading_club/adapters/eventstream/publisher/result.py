"""The result of a batch, while it is published."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from reading_club.adapters.eventstream.broker_errors import reason_of
from reading_club.adapters.eventstream.publisher.encoded_message import EncodedMessage
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.ports.publisher import PublishResult


class PublishResultBuilder:
    """Collects the result of each event of a batch, while its messages are published.

    An event is confirmed when all its messages are, and it is failed or refused if one of them is.
    ``failed`` are the reasons of events that could not be encoded. Such an event that is among the
    ``messages`` lacks only a copy, for some of its queues: it is refused, not failed, and is then
    sent to each subscriber by itself.
    """

    def __init__(
        self,
        failed: Mapping[OutboxKey, str] | None = None,
        messages: Iterable[EncodedMessage] = (),
    ) -> None:
        self._confirmed: dict[OutboxKey, None] = {}
        self._failed = dict(failed or {})
        self._refused: dict[OutboxKey, str] = {}
        self._arrived = defaultdict[OutboxKey, set[str]](set)
        for message in messages if failed else ():
            if message.key in self._failed:
                self._refused[message.key] = self._failed.pop(message.key)

    def confirm(self, message: EncodedMessage) -> None:
        """Record the message as confirmed, and the event if it has no other message to wait for."""
        key = message.key
        if message.messages > 1:
            arrived = self._arrived[key]
            arrived.add(message.routing_key)
            if len(arrived) < message.messages:
                return
        if key not in self._failed and key not in self._refused:
            self._confirmed[key] = None

    def fail(self, key: OutboxKey, reason: str) -> None:
        """Record the event as failed: a fault of the event, such as its size."""
        self._confirmed.pop(key, None)
        self._refused.pop(key, None)
        self._failed[key] = reason

    def refuse(self, key: OutboxKey, reason: str) -> None:
        """Record the event as refused, unless it failed: a fault of a queue, such as its limit."""
        if key not in self._failed:
            self._confirmed.pop(key, None)
            self._refused[key] = reason

    def knows(self, key: OutboxKey) -> bool:
        """Return whether the event has a result."""
        return any(key in keys for keys in (self._confirmed, self._failed, self._refused))

    def build(self, outage: Exception | None = None) -> PublishResult:
        """Return all results, and the outage that ended the batch, if any."""
        reason = "" if outage is None else reason_of(outage)
        return PublishResult(self._confirmed.keys(), self._failed, outage, self._refused, reason)
