"""A clock that only tests move."""

from datetime import UTC, datetime, timedelta


class ManualClock:
    """Both clocks of a program: ``now`` as a database tells it, and monotonic ``seconds``.

    The clock starts at the present time, which new messages bear as their time of creation.
    """

    def __init__(self) -> None:
        self._start = datetime.now(UTC)
        self._passed = 0.0

    def now(self) -> datetime:
        """Return the current time, in UTC."""
        return self._start + timedelta(seconds=self._passed)

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._passed += seconds
