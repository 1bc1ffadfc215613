"""In-memory publisher."""

from collections.abc import Sequence
from uuid import UUID

from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult


class InMemoryPublisher:
    """A fake broker: ``sent`` are the events that it has confirmed, in order.

    Set ``outage`` to make the broker unavailable, after ``before_outage`` more events. Message ids
    in ``refused`` are refused for the given reason, and so is an empty envelope. The queues of the
    subscribers in ``full`` take nothing; ``copies`` are the events for all subscribers that other
    queues have taken, and that were not confirmed.
    """

    def __init__(self) -> None:
        self.sent: list[OutboxMessage] = []
        self.batch_sizes: list[int] = []
        self.outage: Exception | None = None
        self.before_outage = 0
        self.refused: dict[UUID, str] = {}
        self.full: set[str] = set()
        self.copies: list[OutboxMessage] = []

    def publish(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Append the events that the broker takes; return the result of the batch."""
        self.batch_sizes.append(len(events))
        failed = {e.key: reason for e in events if (reason := self._refusal(e)) is not None}
        taken = [event for event in events if event.key not in failed]
        if self.outage is not None:
            taken = taken[: self.before_outage]
            self.before_outage -= len(taken)
        refused = {e.key: "its queue is full" for e in taken if self._finds_full(e)}
        self.copies += [
            e for e in taken if e.key in refused and e.key.subscriber == ALL_SUBSCRIBERS
        ]
        confirmed = [event for event in taken if event.key not in refused]
        self.sent += confirmed
        return PublishResult({event.key for event in confirmed}, failed, self.outage, refused)

    def close(self) -> None:
        """Do nothing: there is no connection."""

    def _finds_full(self, event: OutboxMessage) -> bool:
        return bool(self.full) and event.key.subscriber in {ALL_SUBSCRIBERS, *self.full}

    def _refusal(self, event: OutboxMessage) -> str | None:
        return self.refused.get(event.key.message_id) if event.envelope else "it is empty"
