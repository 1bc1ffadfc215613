"""What is compared: adapters on an empty database, with a clock and with what the tables hold."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from reading_club.eventstream.ports.outbox import Lease, OutboxStore
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

UNIT: Final = 1000.0
"""Seconds in which the calls count: longer than a run, whose own time is no difference."""
RESEND_AFTER: Final = 1.0
"""Units from which an event may be missing."""

State = Mapping[str, list[tuple[Any, ...]]]
"""The rows of each table, sorted; points in time are whole units from now on."""


class Backend(Protocol):
    """One set of adapters on one empty database."""

    @property
    def name(self) -> str:
        """The name in reports."""
        ...

    @property
    def outbox(self) -> OutboxStore:
        """The outbox of relays and senders."""
        ...

    def unit_of_work(self, lease: Lease) -> StreamUnitOfWork:
        """Return a unit of work whose events are leased with this lease."""
        ...

    async def pass_time(self, units: int) -> None:
        """Let time pass."""

    async def state(self) -> State:
        """Return what the tables hold."""
        ...

    async def clear(self) -> None:
        """Delete all rows."""

    async def close(self) -> None:
        """Close all connections."""


def units(moment: datetime, now: datetime) -> int:
    """Return the whole units from ``now`` to a moment."""
    return round((moment - now).total_seconds() / UNIT)


def sorted_rows(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows in an order in which they can be compared."""
    return sorted(rows, key=str)
