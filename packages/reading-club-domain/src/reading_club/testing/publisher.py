"""A broker that is a list."""

from collections.abc import Sequence
from uuid import UUID

from reading_club.service.outbox.port import Outgoing, Published


class InMemoryPublisher:
    """A broker that is a list: ``sent`` are the events that it has confirmed, in order.

    Set ``outage`` to have it away, after ``before_outage`` more events. What a test puts into
    ``refused``, by message id, is refused for reasons of its own, and so is an empty envelope.
    The queues of the subscribers in ``full`` take nothing: ``copies`` are what others took of an
    event for everybody that was not confirmed because of that.
    """

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.windows: list[int] = []
        self.outage: Exception | None = None
        self.before_outage = 0
        self.refused: dict[UUID, str] = {}
        self.full: set[str] = set()
        self.copies: list[Outgoing] = []

    def publish(self, events: Sequence[Outgoing]) -> Published:
        """Append the events, as far as the broker is there and takes them."""
        self.windows.append(len(events))
        failed = {e.key: reason for e in events if (reason := self._refusal(e)) is not None}
        taken = [event for event in events if event.key not in failed]
        if self.outage is not None:
            taken = taken[: self.before_outage]
            self.before_outage -= len(taken)
        refused = {e.key: "its queue is full" for e in taken if self._finds_full(e)}
        self.copies += [e for e in taken if e.key in refused and e.key.subscriber == EVERYBODY]
        confirmed = [event for event in taken if event.key not in refused]
        self.sent += confirmed
        return Published({event.key for event in confirmed}, failed, self.outage, refused)

    def close(self) -> None:
        """Close nothing."""

    def _finds_full(self, event: Outgoing) -> bool:
        return bool(self.full) and event.key.subscriber in {EVERYBODY, *self.full}

    def _refusal(self, event: Outgoing) -> str | None:
        return self.refused.get(event.key.message_id) if event.envelope else "it is empty"
