"""An in-memory environment for consumers: database, simulated clock, and messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any

from messagebus import Event

from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory
from reading_club.eventstream.wire import payload_json, wire_type


def on_the_wire(event: Event, **changes: Any) -> dict[str, Any]:
    """Return an event's envelope as published; ``changes`` replace its fields."""
    message = {
        "id": str(event.message_id),
        "created_at": event.created_at.isoformat(),
        "type": wire_type(event),
        "payload": payload_json(event),
    }
    return message | changes


class ConsumerFixture:
    """An environment for a consumer: pass it ``resources`` and ``wait``.

    ``opening`` has errors that opening the resources raises, the last one first. After
    ``stop_after`` waits the worker is asked to stop. ``now`` is the database's time, which each
    wait advances. ``hold`` and ``hold_busy`` are the consumer's holding times in seconds; ``waits``
    records the waits.
    """

    def __init__(self, database: InMemoryStreamDatabase, make_uow: UnitOfWorkFactory) -> None:
        self.make_uow = make_uow
        self.database: Any = database  # an application adds its tables
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
        yield self.make_uow

    def wait(self, seconds: float) -> bool:
        """Record the wait and advance the clock; return True when the worker is asked to stop."""
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)
        return len(self.waits) >= self.stop_after

    def time(self) -> float:
        """Return the clock in seconds, as a process's timer."""
        return self.now.timestamp()

    def pass_(self, seconds: float) -> None:
        """Advance the clock by ``seconds``."""
        self.now += timedelta(seconds=seconds)

    @property
    def attempts(self) -> list[int]:
        """The counted attempts of each message that has any on record."""
        return [count.number for count in self.database.attempts.values()]

    @property
    def dead_letters(self) -> list[DeadLetter]:
        """The dead letters."""
        return list(self.database.dead_letters.values())
