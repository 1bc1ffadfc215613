"""The results of a batch, collected while it is published."""

from reading_club.adapters.eventstream.failure_reasons import reason_of
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.ports.publisher import PublishResult


class PublishResultBuilder:
    """Collects the result of each event."""

    def __init__(self) -> None:
        self._confirmed: dict[OutboxKey, None] = {}
        self._failed: dict[OutboxKey, str] = {}
        self._refused: dict[OutboxKey, str] = {}

    def confirm(self, key: OutboxKey) -> None:
        """Record the event as confirmed, unless it is recorded as failed or refused."""
        if key not in self._failed and key not in self._refused:
            self._confirmed[key] = None

    def fail(self, key: OutboxKey, reason: str) -> None:
        """Record the event as failed: a fault of the event, such as its size."""
        self._failed[key] = reason

    def refuse(self, key: OutboxKey, reason: str) -> None:
        """Record the event as refused: a fault of a queue, such as its length limit."""
        self._refused[key] = reason

    def knows(self, key: OutboxKey) -> bool:
        """Return whether the event has a result."""
        return any(key in keys for keys in (self._confirmed, self._failed, self._refused))

    def published(self, outage: Exception | None = None) -> PublishResult:
        """Return all results, and the outage that ended the batch, if any."""
        return PublishResult(
            dict(self._confirmed).keys(),
            dict(self._failed),
            outage,
            dict(self._refused),
            "" if outage is None else reason_of(outage),
        )
