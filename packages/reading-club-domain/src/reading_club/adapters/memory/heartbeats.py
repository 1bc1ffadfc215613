"""In-memory adapter of the heartbeats."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.eventstream.ports.heartbeats import Heartbeat, Process, clock_offset


def _now() -> datetime:
    return datetime.now(UTC)


class InMemoryHeartbeats:
    """The latest heartbeats by process. ``clock`` is the clock of this process."""

    def __init__(
        self, database: InMemoryStreamDatabase, clock: Callable[[], datetime] = _now
    ) -> None:
        self.database = database
        self.clock = clock
        self._beats: dict[Process, tuple[datetime, Heartbeat]] = {}

    async def beat(self, process: Process, *, trouble: str | None = None) -> float:
        """Store the heartbeat; return how many seconds the process's clock is ahead."""
        with self.database.changed():
            now = self.database.clock()
            offset = clock_offset(self.clock(), now, self.clock())
            self._beats[process] = (now, Heartbeat(process, 0.0, offset, trouble))
        return offset

    async def check_writable(self) -> None:
        """Raise ``database.error``, if it is set."""
        with self.database.changed():
            pass

    async def remove(self, process: Process) -> None:
        """Delete the heartbeat."""
        with self.database.changed():
            self._beats.pop(process, None)

    async def list(self) -> Sequence[Heartbeat]:
        """Return the heartbeats, with their ages by the database's clock."""
        with self.database.changed():
            now = self.database.clock()
            beats = [
                replace(beat, age=(now - at).total_seconds()) for at, beat in self._beats.values()
            ]
        return sorted(beats, key=lambda beat: (beat.process.role, beat.process.subscriber or ""))
