"""The simulated outbox, whose claims and finishing writes are checked."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from reading_club.adapters.memory import InMemoryOutbox
from reading_club.adapters.memory.rows import OutboxRow
from reading_club.eventstream.ports.outbox import OLDEST, Lease, OutboxKey, OutboxMessage
from reading_club_functional.simulation.database import SimulatedDatabase


class SimulatedOutbox(InMemoryOutbox):
    """The outbox of relays and senders; each call is checked against the invariants."""

    database: SimulatedDatabase

    async def claim(
        self, limit: int, lease: Lease, *, since: UUID = OLDEST
    ) -> Sequence[OutboxMessage]:
        """Claim rows."""
        await self.database.statement()
        before = dict(self.database.outbox)
        events = await super().claim(limit, lease, since=since)
        self.database.invariants.claimed(before, [event.key for event in events])
        await self.database.answer()
        return events

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete rows."""
        before = await self._before(keys)
        await super().delete(token, keys)
        await self._after("delete", before, token)

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give rows back."""
        before = await self._before(keys)
        await super().release(token, keys, retry_in=retry_in, reason=reason)
        await self._after("release" if reason is None else "refuse", before, token)

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Split rows."""
        before = await self._before(keys)
        await super().split(token, keys, retry_in=retry_in)
        await self._after("split", before, token)

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count failures."""
        before = await self._before(failures)
        await super().fail(token, failures, retry_in=retry_in)
        await self._after("fail", before, token)

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Make dead letters."""
        before = await self._before(failures)
        await super().dead_letter(token, failures)
        await self._after("dead_letter", before, token)

    async def _before(self, keys: Collection[OutboxKey]) -> Mapping[OutboxKey, OutboxRow]:
        await self.database.statement()
        return {key: row for key, row in self.database.outbox.items() if key in keys}

    async def _after(self, call: str, before: Mapping[OutboxKey, OutboxRow], token: UUID) -> None:
        self.database.invariants.finished(call, before, token)
        await self.database.answer()
