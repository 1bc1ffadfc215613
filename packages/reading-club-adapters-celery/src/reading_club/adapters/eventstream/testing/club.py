"""What a consumer needs, in memory: a database, a wait that takes no time, and messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from reading_club.adapters.eventstream.setting_aside import UnitOfWorkFactory
from reading_club.domain.messages import ClubEvent, type_of
from reading_club.service.dead_letters import DeadLetter
from reading_club.testing import InMemoryEventstreamTransport, InMemoryUnitOfWork, MemoryDatabase


def on_the_wire(event: ClubEvent, **changes: Any) -> dict[str, Any]:
    """Return the message of an event, as it arrives; ``changes`` replace its fields."""
    payload = event.model_dump_json(exclude={"message_id", "created_at", "metadata"})
    message = {
        "id": str(event.message_id),
        "created_at": event.created_at.isoformat(),
        "type": type_of(type(event)),
        "payload": payload,
    }
    return message | changes


class InMemoryClub:
    """Give ``resources`` and ``wait`` to a consumer, and look into ``database`` and ``waits``.

    ``opening`` are errors that opening the resources raises first, the last one first. After
    ``stop_after`` waits the worker is asked to stop. ``now`` is the time by the database's
    clock: it passes where something waits. For ``hold`` and ``hold_busy`` seconds a consumer may
    hold a message.
    """

    def __init__(self, database: MemoryDatabase) -> None:
        self.database = database
        self.opening: list[Exception] = []
        self.stop_after = 100
        self.waits: list[float] = []
        self.hold = self.hold_busy = inf
        self.now = datetime(2024, 2, 3, tzinfo=UTC)
        database.clock = lambda: self.now

    @asynccontextmanager
    async def resources(self) -> AsyncIterator[UnitOfWorkFactory]:
        """Yield a factory of units of work on the database."""
        if self.opening:
            raise self.opening.pop()
        yield lambda: InMemoryUnitOfWork(InMemoryEventstreamTransport(), self.database)

    def wait(self, seconds: float) -> bool:
        """Remember the wait; return True when the worker is asked to stop."""
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        return len(self.waits) >= self.stop_after

    def time(self) -> float:
        """Return the seconds that have passed, as a process measures them."""
        return self.now.timestamp()

    def pass_(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += timedelta(seconds=seconds)

    @property
    def letters(self) -> list[DeadLetter]:
        """What was set aside."""
        return list(self.database.dead_letters.values())
