"""The lives of the simulated web processes and relays, from their start to a crash."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from reading_club.adapters.memory import RecordingOutboxTransport
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.outbox.claim_start import ClaimStart
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.ports.outbox import OutboxStore
from reading_club.eventstream.reconciler import Reconciler
from reading_club_functional.simulation.database import SimulatedUnitOfWork
from reading_club_functional.simulation.handlers import numbered_event
from reading_club_functional.simulation.outbox import SimulatedOutbox
from reading_club_functional.simulation.publisher import SimulatedPublisher, SimulatedQueues
from reading_club_functional.simulation.threads import SimulatedThread
from reading_club_functional.simulation.world_parts import WorldParts

LEASE = 10.0
RECONCILE_AFTER = 30.0
WOKEN = 0.3
"""Probability that a relay is woken after a reconciliation, as by a commit in its process."""
AT_ONCE = 0.001
"""Seconds: steps take no time."""


def backoff(parts: WorldParts) -> Backoff:
    """Return pauses whose jitter comes from the tape."""
    return Backoff(first=0.5, cap=5.0, jitter=lambda: parts.loop.tape.between(0.0, 1.0))


class SimulatedSender(Sender):
    """The sender, with a circuit breaker on the virtual clock."""

    def __init__(self, parts: WorldParts) -> None:
        self._parts = parts
        super().__init__(self._open, self._connect, lease=LEASE, capacity=4)

    def _begin_process(self) -> None:
        super()._begin_process()
        clock = self._parts.loop.time
        self._breaker = CircuitBreaker(backoff(self._parts), clock)
        self._report = BatchReport(self._breaker, "sender")

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[OutboxStore]:
        yield SimulatedOutbox(self._parts.database)

    def _connect(self) -> SimulatedPublisher:
        return SimulatedPublisher(self._parts.broker)


async def web(parts: WorldParts, plan: list[int]) -> None:
    """Commit, or roll back, a transaction for each number of the plan; then stop, or go on idle.

    If an event waits for others, commit more of them.
    """
    tape, sender = parts.loop.tape, SimulatedSender(parts)
    while plan or parts.handlers.needs_others:
        await asyncio.sleep(tape.between(0.0, 2.0))
        number = plan.pop(0) if plan else await _number_of_another(parts)
        if number is None:
            continue
        rolled_back = tape.chance(parts.scenario.rolled_back)
        try:
            async with SimulatedUnitOfWork(sender, parts.database) as transaction:
                await transaction.uow.messagestore.add(numbered_event(number))
                if rolled_back:
                    parts.invariants.rolled_back.add(UUID(int=number))
                    await transaction.rollback()
                else:
                    await transaction.commit()
        except TransientFailure:
            continue
        if not rolled_back:
            parts.loop.note(f"committed {number}")
            parts.invariants.acknowledged.add(UUID(int=number))
    if tape.chance(0.5):
        SimulatedThread(target=sender.close, name="stop").start()
    await parts.loop.create_future()


async def _number_of_another(parts: WorldParts) -> int | None:
    """Return the number of one more event; None if no event waits for others."""
    await asyncio.sleep(parts.loop.tape.between(0.0, 6.0))
    return next(parts.others, None) if parts.handlers.waits_for_others(parts.database) else None


class SimulatedRelay(Relay):
    """The relay, which is checked to look at once when it is woken in a pause."""

    looks = 0
    is_resting = False

    async def run_once(self) -> float:
        """Count a look."""
        self.looks, self.is_resting = self.looks + 1, False
        return await super().run_once()

    async def _run_until_empty(self, stopping: asyncio.Event) -> float:
        pause = await super()._run_until_empty(stopping)
        self.is_resting = True
        return pause

    def wake_in(self, parts: WorldParts) -> None:
        """Wake the relay, and look whether it does."""
        self.wake()
        if self.is_resting:
            parts.loop.call_later(AT_ONCE, self._check_awake, parts, self.looks)

    def _check_awake(self, parts: WorldParts, looks: int) -> None:
        if self.looks == looks:
            parts.invariants.violated("a woken relay looks at once", "it goes on with its pause")


async def relay(parts: WorldParts) -> None:
    """Relay events, and reconcile."""
    clock = parts.loop.time
    relay = SimulatedRelay(
        SimulatedOutbox(parts.database),
        SimulatedPublisher(parts.broker),
        breaker=CircuitBreaker(backoff(parts), clock),
        batch_size=3,
        lease=LEASE,
        poll=6.0,
        start=ClaimStart(clock, clock),
    )
    queues = SimulatedQueues(parts.broker)
    reconciler = Reconciler(
        parts.subscribers,
        queues,
        lambda: SimulatedUnitOfWork(RecordingOutboxTransport(), parts.database),
        after=RECONCILE_AFTER,
    )
    relaying = asyncio.ensure_future(relay.run(asyncio.Event()))
    while not relaying.done():
        queues.asked.clear()
        with suppress(TransientFailure):
            await reconciler.run_once()
        parts.invariants.reconciled(queues.asked)
        if parts.loop.tape.chance(WOKEN):
            relay.wake_in(parts)
        await asyncio.wait([relaying], timeout=RECONCILE_AFTER)
    await relaying
