"""Under any failures of relays, broker and database, exactly the committed events arrive."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable
from contextlib import suppress
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from reading_club.adapters.memory.outbox import InMemoryOutbox
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.eventstream.errors import EventstreamUnavailable, StorageUnavailable
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage, OutboxTransport
from reading_club.testing.builders import an_event
from reading_club.testing.relay_fixture import RelayFixture, ids

SUBSCRIBERS = ("activity", "catalogue")
AWAY = StorageUnavailable("away")
FAILURES = ("broker", "database", "crash between publication and DELETE", *SUBSCRIBERS)
"""The failures of a step; the name of a subscriber means that its queue is full."""


class CrashingOutbox(InMemoryOutbox):
    """An outbox whose writes after a publication fail while ``crashes`` is set."""

    crashes = False

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete, unless the process has crashed."""
        self._crash()
        await super().delete(token, keys)

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give back, unless the process has crashed."""
        self._crash()
        await super().release(token, keys, retry_in=retry_in, reason=reason)

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Split, unless the process has crashed."""
        self._crash()
        await super().split(token, keys, retry_in=retry_in)

    def _crash(self) -> None:
        if self.crashes:
            raise AWAY


WITH_DATABASE = precondition(lambda machine: machine.fixture.database.error is None)
"""The step needs a database that is available to the web process."""


class OutboxMachine(RuleBasedStateMachine):
    """A web process that commits and sends, two relays, and failures of all that they use."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.fixture = RelayFixture()
        self.broker, self.database = self.fixture.broker, self.fixture.database
        self.outbox = CrashingOutbox(self.database)
        self.relays = [self.fixture.another_relay(self.outbox) for _ in range(2)]
        self.transport = RecordingOutboxTransport(Lease(5.0))
        self.committed: set[UUID] = set()
        for name in SUBSCRIBERS:
            now = self.fixture.clock.now()
            self.database.subscriptions[name, "book_registered_v1"] = now

    @WITH_DATABASE
    @rule(number=st.integers(1, 5), crashes=st.booleans())
    def commit(self, number: int, crashes: bool) -> None:  # noqa: FBT001  # drawn by name
        """Commit events, leased to the web process unless that crashes before it sends them."""
        self.runner.run(self._commit(number, RecordingOutboxTransport() if crashes else None))

    @WITH_DATABASE
    @rule()
    def roll_back(self) -> None:
        """Roll back a transaction with an event."""
        self.runner.run(self._roll_back())

    @WITH_DATABASE
    @rule(number=st.integers(1, 5))
    def send(self, number: int) -> None:
        """Let the web process send events and delete their rows, possibly after its lease."""
        self.runner.run(self._send(number))

    @rule(
        failures=st.sets(st.sampled_from(FAILURES), max_size=2),
        before_outage=st.integers(0, 4),
        after=st.sampled_from([0.0, 1.0, 6.0, 32.0]),
        relay=st.integers(0, 1),
    )
    def relay(self, failures: set[str], before_outage: int, after: float, relay: int) -> None:
        """Begin these failures, end all others, and let a relay send a batch after a while."""
        self.change_failures(failures, before_outage)
        self.fixture.clock.advance(after)
        self.runner.run(self._relay(relay))

    @WITH_DATABASE
    @rule(steps=st.lists(st.sampled_from(["commit", "send", "relay"]), min_size=2, max_size=4))
    def do_at_once(self, steps: list[str]) -> None:
        """Let the web process and both relays work at the same time."""
        work = {"commit": self._commit, "send": self._send, "relay": self._relay}
        self.runner.run(_gather(work[step](number % 2) for number, step in enumerate(steps)))

    @invariant()
    def every_event_is_sent_or_waits(self) -> None:
        """For each subscriber, an event is confirmed or has a row; no other event is sent."""
        sent = {event.key for event in self.broker.sent}
        known = sent | set(self.database.outbox)
        for id_ in self.committed:
            each = {OutboxKey(id_, name) for name in SUBSCRIBERS}
            assert OutboxKey(id_) in known or each <= known
        assert {key.message_id for key in sent} <= self.committed

    @invariant()
    def no_failure_counts_as_an_attempt(self) -> None:
        """No row has an attempt, and there is no dead letter."""
        assert not any(row.attempts for row in self.database.outbox.values())
        assert self.database.dead_letters == {}

    def teardown(self) -> None:
        """End all failures, and assert that the relays send all that is left."""
        self.change_failures(())
        for _ in range(3):
            self.fixture.clock.advance(96.0)
            for relay in self.relays:
                self.runner.run(relay.drain())
        self.runner.close()
        assert self.database.outbox == {}
        assert {event.key.message_id for event in self.broker.sent} == self.committed
        self.every_event_is_sent_or_waits()

    def change_failures(self, failures: Collection[str], before_outage: int = 0) -> None:
        """Begin these failures and end all others; a broker takes a few more events before."""
        self.broker.outage = EventstreamUnavailable("away") if "broker" in failures else None
        self.broker.before_outage = before_outage
        self.broker.full = {name for name in failures if name in SUBSCRIBERS}
        self.database.error = AWAY if "database" in failures else None
        self.outbox.crashes = "crash between publication and DELETE" in failures

    async def _commit(self, number: int, transport: OutboxTransport | None = None) -> None:
        events = [an_event() for _ in range(number)]
        async with InMemoryUnitOfWork(transport or self.transport, self.database) as transaction:
            for event in events:
                await transaction.uow.messagestore.add(event)
            await transaction.commit()
        self.committed.update(ids(events))

    async def _roll_back(self) -> None:
        async with InMemoryUnitOfWork(self.transport, self.database) as transaction:
            await transaction.uow.messagestore.add(an_event())
            await transaction.rollback()

    async def _send(self, number: int) -> None:
        messages, self.transport.handed_over[:number] = self.transport.handed_over[:number], []
        events = [OutboxMessage(OutboxKey(UUID(each["id"])), each) for each in messages]
        if not events:
            return
        result = await asyncio.to_thread(self.broker.publish, events)
        with suppress(StorageUnavailable):
            await self.outbox.delete(self.transport.lease.token, result.confirmed)

    async def _relay(self, number: int) -> None:
        await self.relays[number].run_once()


async def _gather(work: Iterable[Coroutine[None, None, None]]) -> None:
    await asyncio.gather(*work)


TestNoLoss = OutboxMachine.TestCase
TestNoLoss.settings = settings(
    max_examples=50,
    stateful_step_count=40,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
