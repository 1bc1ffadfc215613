"""What is known of a window while it is on its way."""

from reading_club.adapters.eventstream.reasons import reason_of
from reading_club.service.outbox.port import Key, Published


class Outcome:
    """Collects what becomes of each event."""

    def __init__(self) -> None:
        self._confirmed: dict[Key, None] = {}
        self._failed: dict[Key, str] = {}
        self._refused: dict[Key, str] = {}

    def confirm(self, key: Key) -> None:
        """Take note that the broker has it, unless it has failed or was refused before."""
        if key not in self._failed and key not in self._refused:
            self._confirmed[key] = None

    def fail(self, key: Key, reason: str) -> None:
        """Take note that it was refused for a reason of its own."""
        self._failed[key] = reason

    def refuse(self, key: Key, reason: str) -> None:
        """Take note that a queue did not take it, which is no fault of its own."""
        self._refused[key] = reason

    def knows(self, key: Key) -> bool:
        """Return whether it is decided."""
        return any(key in keys for keys in (self._confirmed, self._failed, self._refused))

    def published(self, outage: Exception | None = None) -> Published:
        """Return all that is known."""
        return Published(
            dict(self._confirmed).keys(),
            dict(self._failed),
            outage,
            dict(self._refused),
            "" if outage is None else reason_of(outage),
        )
