"""Under any failures of relays, broker and database, exactly the committed events arrive."""

import asyncio
from collections.abc import Collection
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.eventstream.ports.outbox import Lease, OutboxKey
from reading_club.testing.builders import an_event
from reading_club.testing.relay_fixture import RelayFixture, ids

SUBSCRIBERS = ("activity", "catalogue")


class MortalOutbox(InMemoryOutbox):
    """An outbox whose writes after a publication fail while ``dies`` is set: the relay crashes."""

    dies = False

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete, unless the relay has crashed."""
        self._die()
        await super().delete(token, keys)

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give back, unless the relay has crashed."""
        self._die()
        await super().release(token, keys, retry_in=retry_in, reason=reason)

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Split, unless the relay has crashed."""
        self._die()
        await super().split(token, keys, retry_in=retry_in)

    def _die(self) -> None:
        if self.dies:
            raise StorageUnavailable("away")


class Fate:
    """Two relays and a process that sends, with a method for each step and failure."""

    def __init__(self) -> None:
        self.club = RelayFixture()
        self.outbox = MortalOutbox(self.club.database)
        self.relays = [self.club.another_relay(self.outbox) for _ in range(2)]
        self.process = RecordingOutboxTransport(Lease(5.0))
        self.committed: set[UUID] = set()
        self.ghosts: set[UUID] = set()
        for name in SUBSCRIBERS:
            now = self.club.clock.now()
            self.club.database.subscriptions[name, "book_registered_v1"] = now

    async def commit(self, number: int) -> None:
        """Commit events that are leased to the process."""
        events = [an_event() for _ in range(number + 1)]
        async with InMemoryUnitOfWork(self.process, self.club.database) as transaction:
            for event in events:
                await transaction.uow.messagestore.add(event)
            await transaction.commit()
        self.committed.update(ids(events))

    async def roll_back(self, _: int) -> None:
        """Roll back a transaction with an event."""
        async with InMemoryUnitOfWork(self.process, self.club.database) as transaction:
            event = an_event()
            await transaction.uow.messagestore.add(event)
            await transaction.rollback()
        self.ghosts.add(event.message_id)

    async def send(self, number: int) -> None:
        """Let the process send events and delete their rows, possibly after its lease."""
        handed, self.process.handed_over = self.process.handed_over[: number + 1], []
        keys = [OutboxKey(UUID(message["id"])) for message in handed]
        rows = [row for key, row in self.club.database.outbox.items() if key in keys]
        self.club.broker.sent += [self.outbox._outgoing(row) for row in rows]
        await self.outbox.delete(self.process.lease.token, keys) if not self.outbox.dies else None

    async def turn(self, number: int) -> None:
        """Let a relay send a batch."""
        await self.relays[number % 2].run_once()

    async def turn_both(self, _: int) -> None:
        """Let both relays send a batch at once."""
        await asyncio.gather(*[relay.run_once() for relay in self.relays])

    async def lose_broker(self, number: int) -> None:
        """Make the broker unavailable, after a few more events."""
        self.club.broker.outage = EventstreamUnavailable("away")
        self.club.broker.before_outage = number

    async def fill_queue(self, number: int) -> None:
        """Fill the queue of a subscriber."""
        self.club.broker.full.add(SUBSCRIBERS[number % 2])

    async def lose_relays(self, _: int) -> None:
        """Let relays crash after publishing."""
        self.outbox.dies = True

    async def lose_database(self, _: int) -> None:
        """Make the database unavailable to the relays."""
        self.outbox.database.error = StorageUnavailable("away")

    async def heal(self, _: int = 0) -> None:
        """End all failures."""
        self.club.broker.outage = self.club.database.error = None
        self.outbox.dies = False
        self.club.broker.full.clear()

    async def wait(self, number: int) -> None:
        """Advance the clock."""
        self.club.clock.advance(number * 8.0)


DEEDS = [name for name in vars(Fate) if not name.startswith("_")]
STEPS = st.lists(
    st.tuples(st.sampled_from([*DEEDS, "commit", "turn", "wait"]), st.integers(0, 4)),
    min_size=15,
    max_size=50,
)


async def live(steps: list[tuple[str, int]]) -> Fate:
    """Run the steps, end all failures, and let the relays send the rest."""
    fate = Fate()
    for deed, number in steps:
        if fate.club.database.error is None or deed not in {"commit", "roll_back", "send"}:
            await getattr(fate, deed)(number)
        assert not any(row.attempts for row in fate.club.database.outbox.values())
    await fate.heal()
    for _ in range(3):
        await fate.wait(12)
        for relay in fate.relays:
            await relay.drain()
    return fate


@settings(max_examples=30, deadline=None, database=None)
@given(STEPS)
def test_what_was_committed_arrives_and_nothing_else(steps: list[tuple[str, int]]) -> None:
    """After any failures each event arrives; no attempt, dead letter or row is left."""
    fate = asyncio.run(live(steps))

    sent = {event.key for event in fate.club.broker.sent}
    for id_ in fate.committed:
        assert OutboxKey(id_) in sent or {OutboxKey(id_, name) for name in SUBSCRIBERS} <= sent
    assert {key.message_id for key in sent} == fate.committed
    assert fate.committed.isdisjoint(fate.ghosts)
    assert fate.club.database.outbox == {}
    assert fate.club.database.dead_letters == {}
