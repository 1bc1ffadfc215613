"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Both clocks of a program in one: ``now`` as a database tells it, and monotonic ``seconds``.

    It starts at the present time, so that messages that are made now are made at its time.
    """

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the instant, in UTC."""
        return self._start + timedelta(seconds=self._passed)

    def seconds(self) -> float:
        """Return how many seconds have passed."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self._passed += seconds
