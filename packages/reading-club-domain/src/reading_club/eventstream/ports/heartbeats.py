"""Port and types of the heartbeats: running processes, and the offsets of their clocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

FRESH: Final = 30.0
"""Seconds after its last heartbeat for which a process counts as running: three intervals."""

CLOCK_TOLERANCE: Final = 5.0
"""Seconds that the clock of a process may differ from the database's."""


@dataclass(frozen=True)
class Process:
    """One run of a process of the club."""

    id: UUID
    role: str
    """``web``, ``relay`` or ``worker``."""
    host: str
    pid: int
    release: str
    subscriber: str | None = None
    """The subscriber of a worker."""

    @property
    def name(self) -> str:
        """The role, and the subscriber of a worker: ``relay``, ``worker activity``."""
        return self.role if self.subscriber is None else f"{self.role} {self.subscriber}"

    def __str__(self) -> str:
        return f"{self.name} ({self.host}, process {self.pid})"


@dataclass(frozen=True)
class Heartbeat:
    """The latest heartbeat of a process. Times are seconds."""

    process: Process
    age: float
    """Time since the heartbeat, by the database's clock."""
    clock_offset: float
    """How far the clock of the process is ahead of the database's."""
    trouble: str | None = None

    @property
    def fresh(self) -> bool:
        """Whether the process counts as running."""
        return self.age < FRESH

    @property
    def clock_is_wrong(self) -> bool:
        """Whether the clocks differ by more than is tolerated."""
        return abs(self.clock_offset) > CLOCK_TOLERANCE


class Heartbeats(Protocol):
    """The heartbeats of all processes. Every method is a transaction of its own.

    Raises StorageUnavailable.
    """

    async def beat(self, process: Process, *, trouble: str | None = None) -> float:
        """Write the heartbeat of a process; return how many seconds its clock is ahead.

        The call commits a change, so that it fails whenever the database takes no changes.
        """
        ...

    async def check_writable(self) -> None:
        """Commit a change that leaves no row, to find out whether the database takes changes."""
        ...

    async def remove(self, process: Process) -> None:
        """Delete the heartbeat of a process that ends."""
        ...

    async def list(self) -> Sequence[Heartbeat]:
        """Return the latest heartbeats, ordered by role, subscriber and start."""
        ...


def clock_offset(before: datetime, database: datetime, after: datetime) -> float:
    """Return the least number of seconds that a process's clock is ahead of the database's.

    ``before`` and ``after`` are readings of the process's clock around the query that returned
    ``database``. The true offset lies between the two differences; the value nearest to zero is
    returned, so that a slow answer never looks like a wrong clock.
    """
    least, most = before - database, after - database
    nearest = min(max(timedelta(), least), most)
    return round(nearest.total_seconds(), 3)
