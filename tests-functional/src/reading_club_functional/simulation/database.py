"""The simulated database server: the adapters in memory, with delays, outages and lost answers."""

from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from messagebus import AsyncAbstractEventstreamTransport

from reading_club.adapters.memory import (
    InMemoryStreamDatabase,
    InMemoryStreamUnitOfWork,
    InMemoryTransaction,
)
from reading_club.adapters.memory.dead_letters import InMemoryAuditLog, InMemoryDeadLetters
from reading_club.adapters.memory.failures import InMemoryFailures
from reading_club.adapters.memory.inbox import InMemoryInbox
from reading_club.adapters.memory.message_store import InMemoryMessageStore
from reading_club.adapters.memory.outbox import InMemoryOutboxWriter
from reading_club.adapters.memory.pauses import InMemoryReturnedMessages
from reading_club.adapters.memory.subscriptions import InMemorySubscriptions
from reading_club.eventstream.errors import CommitInDoubt, StorageBusy, StorageUnavailable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.unit_of_work import per_transaction
from reading_club_functional.simulation.invariants import Invariants
from reading_club_functional.simulation.scenarios import Scenario
from reading_club_functional.simulation.seeded_loop import SeededLoop
from reading_club_functional.simulation.waiting import let_pass

START: Final = datetime(2030, 1, 1, tzinfo=UTC)


class SimulatedDatabase(InMemoryStreamDatabase):
    """A database whose clock is the loop's, and whose statements are steps.

    A transaction of a process that crashes is never committed: the server rolls it back.
    """

    def __init__(self, scenario: Scenario, loop: SeededLoop, invariants: Invariants) -> None:
        super().__init__(lambda: self.at(loop.passed))
        self.loop, self.invariants = loop, invariants
        self.effects: MutableMapping[InboxKey, int] = {}
        self._busy, self._lost_answers = scenario.busy, scenario.lost_answers

    def at(self, seconds: float) -> datetime:
        """Return the database's time at this virtual time."""
        return START + timedelta(seconds=seconds)

    async def statement(self) -> None:
        """Wait for a statement. Raises StorageBusy sometimes."""
        await let_pass(self.loop)
        if self.loop.tape.chance(self._busy):
            raise StorageBusy("a row is locked")

    async def answer(self) -> None:
        """Wait for the answer to a write that took effect. Raises StorageUnavailable sometimes."""
        await let_pass(self.loop)
        if self.loop.tape.chance(self._lost_answers):
            raise StorageUnavailable("the connection was lost")


class SimulatedTransaction(InMemoryTransaction[SimulatedDatabase]):
    """A transaction whose commit takes time, and whose answer may be lost."""

    def __init__(self, database: SimulatedDatabase) -> None:
        super().__init__(database)
        self._began = database.loop.passed
        self.deferred = list[InboxKey]()
        """The messages that the transaction puts off."""

    async def commit(self) -> None:
        """Commit. Raises CommitInDoubt if the answer is lost."""
        await self.database.statement()
        await super().commit()
        self.database.invariants.committed(self._began, self.deferred)
        attempts = self.database.invariants.attempts
        failed = attempts.latest_failed
        try:
            await self.database.answer()
        except StorageUnavailable as exc:
            attempts.deferrals.doubted(failed)
            raise CommitInDoubt(str(exc)) from exc


class _Statements:
    """A port whose calls are statements: each takes time, and others are handled meanwhile."""

    def __init__(self, port: Any, database: SimulatedDatabase) -> None:
        self._port, self._database = port, database

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        async def call(*args: Any, **options: Any) -> Any:
            await self._database.statement()
            return await method(*args, **options)

        return call


def _statements(port: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda transaction: _Statements(port(transaction), transaction.database)


class Effects:
    """The subscribers' own table: how often each event took effect."""

    def __init__(self, transaction: InMemoryTransaction[SimulatedDatabase]) -> None:
        self.transaction = transaction

    async def add(self, inbox_key: InboxKey) -> None:
        """Let an event take effect once more."""
        await self.transaction.database.statement()

        def add(tables: SimulatedDatabase) -> None:
            tables.effects[inbox_key] = tables.effects.get(inbox_key, 0) + 1

        self.transaction.write(add)


class ObservedWriter(InMemoryOutboxWriter):
    """The writer of the outbox, whose transaction knows what it puts off."""

    transaction: SimulatedTransaction

    async def defer(
        self, key: OutboxKey, envelope: Mapping[str, Any], *, pause: float, reason: str
    ) -> None:
        """Put a message off."""
        await super().defer(key, envelope, pause=pause, reason=reason)
        self.transaction.deferred.append(InboxKey(key.subscriber, key.message_id))


class SimulatedUnitOfWork(InMemoryStreamUnitOfWork):
    """The unit of work of all simulated processes."""

    inbox = per_transaction(_statements(InMemoryInbox))
    subscriptions = per_transaction(_statements(InMemorySubscriptions))
    outbox = per_transaction(_statements(ObservedWriter))
    dead_letters = per_transaction(_statements(InMemoryDeadLetters))
    audit = per_transaction(InMemoryAuditLog)
    failures = per_transaction(_statements(InMemoryFailures))
    returned = per_transaction(_statements(InMemoryReturnedMessages))
    effects = per_transaction(Effects)

    def __init__(
        self, transport: AsyncAbstractEventstreamTransport, database: SimulatedDatabase
    ) -> None:
        super().__init__(transport, database)
        self.simulated = database

    def _begin(self) -> None:
        self.session = SimulatedTransaction(self.simulated)
        self.messagestore = InMemoryMessageStore(self.transport, self.session)
