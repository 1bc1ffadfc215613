"""What is known of a window while it is on its way."""

from reading_club.service.outbox.port import Key, Published


class Outcome:
    """Collects what becomes of each event."""

    def __init__(self) -> None:
        self._confirmed: dict[Key, None] = {}
        self._failed: dict[Key, str] = {}

    def confirm(self, key: Key) -> None:
        """Take note that the broker has it, unless it has failed before."""
        if key not in self._failed:
            self._confirmed[key] = None

    def fail(self, key: Key, reason: str) -> None:
        """Take note that it was refused for a reason of its own."""
        self._failed[key] = reason

    def knows(self, key: Key) -> bool:
        """Return whether it is decided."""
        return key in self._confirmed or key in self._failed

    def published(self, outage: Exception | None = None) -> Published:
        """Return all that is known."""
        return Published(dict(self._confirmed).keys(), dict(self._failed), outage)
