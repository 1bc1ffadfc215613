"""The adapters in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from reading_club.adapters.memory import (
    InMemoryOutbox,
    InMemoryStreamDatabase,
    InMemoryStreamUnitOfWork,
    RecordingOutboxTransport,
)
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.clock import ManualClock
from reading_club_functional.port_calls.backends import (
    RESEND_AFTER,
    UNIT,
    State,
    sorted_rows,
    units,
)


class InMemoryBackend:
    """The adapters in memory; ``make_outbox`` is replaced to see that a wrong one is found."""

    def __init__(
        self,
        name: str = "memory",
        make_outbox: Callable[[InMemoryStreamDatabase], InMemoryOutbox] = InMemoryOutbox,
    ) -> None:
        self.name = name
        self._make_outbox = make_outbox
        self._empty()

    def _empty(self) -> None:
        self.clock = ManualClock()
        self.database = InMemoryStreamDatabase(self._now)
        self.outbox = self._make_outbox(self.database)

    def _now(self) -> datetime:
        """Return a time that is later at each call, as it is on a server."""
        self.clock.advance(0.001)
        return self.clock.now()

    def unit_of_work(self, lease: Lease) -> StreamUnitOfWork:
        """Return a unit of work."""
        return InMemoryStreamUnitOfWork(RecordingOutboxTransport(lease), self.database)

    async def pass_time(self, units: int) -> None:
        """Move the clock."""
        self.clock.advance(units * UNIT)

    async def clear(self) -> None:
        """Begin with a new database."""
        self._empty()

    async def close(self) -> None:
        """There is nothing to close."""

    async def state(self) -> State:
        """Return the rows of the mappings."""
        tables, now = self.database, self._now()
        outbox = [
            (*_names(r.key), str(r.token), units(r.leased_until, now), *_rest(r))
            for r in tables.outbox.values()
        ]
        again = timedelta(seconds=RESEND_AFTER * UNIT)
        return {
            "outbox": sorted_rows(outbox),
            "inbox": sorted_rows((k.subscriber, str(k.message_id)) for k in tables.inbox),
            "attempts": sorted_rows(
                (k.subscriber, str(k.message_id), c.number, units(c.at, now), c.stalls)
                for k, c in tables.attempts.items()
            ),
            "resends": sorted_rows(
                (k.subscriber, str(k.message_id), units(c.at + again * 2**c.number, now))
                for k, c in tables.resends.items()
            ),
            "subscriptions": sorted_rows(
                (*key, units(since, now), tables.outside[key])
                for key, since in tables.subscriptions.items()
            ),
            "dead_letters": sorted_rows(
                (d.subscriber, str(d.message_id), d.type, d.error, d.attempts, d.parked)
                for d in tables.dead_letters.values()
            ),
            "returned": sorted_rows((k.subscriber, str(k.message_id)) for k in tables.returned),
            "failures": sorted_rows(
                (f.inbox_key.subscriber, str(f.inbox_key.message_id), f.number, f.error)
                for f in tables.failures.values()
            ),
            "pauses": sorted_rows((name,) for name in tables.pauses),
            "messages": sorted_rows((str(id_),) for id_ in tables.messages),
        }


def _names(key: OutboxKey) -> tuple[str, str]:
    return str(key.message_id), key.subscriber


def _rest(row: OutboxRow) -> tuple[Any, ...]:
    return row.attempts, row.envelope, row.reason, row.attempted
