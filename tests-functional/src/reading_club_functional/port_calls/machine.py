"""Does the same calls on each backend, and compares what they return and what they leave."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from reading_club.eventstream.errors import EventstreamError
from reading_club.eventstream.ports.dead_letters import DeadLetter, DeadLetterGroup
from reading_club.eventstream.ports.inbox import Attempts, InboxKey
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage
from reading_club_functional.port_calls.backends import UNIT, Backend
from reading_club_functional.port_calls.calls import (
    TYPE,
    Call,
    Loss,
    around_a_pause,
    in_transaction,
    leases,
    losses,
    of_store,
    with_rows,
)
from reading_club_functional.port_calls.log import Log
from reading_club_functional.simulation.handlers import numbered_event

LONGEST: Final = 5
"""The most calls of a transaction."""
COMPARABLE: Final[Mapping[type, Callable[[Any], tuple[Any, ...]]]] = {
    OutboxMessage: lambda each: (
        each.key,
        dict(each.envelope),
        each.attempts,
        round(each.age / UNIT),
        each.attempted,
    ),
    Attempts: lambda each: (each.number, each.at and round(each.age / UNIT), each.counted),
    DeadLetter: lambda each: (each.subscriber, str(each.message_id), each.error, each.parked),
    DeadLetterGroup: lambda each: (each.name, each.parked, each.count),
}
"""What is compared of a result of this type."""


class PortMachine(RuleBasedStateMachine):
    """Draws calls; the backends are those of the subclass that ``compare`` makes."""

    backends: Sequence[Backend]
    runner: asyncio.Runner
    log: Log

    def __init__(self) -> None:
        super().__init__()
        self.log.begin()
        for backend in self.backends:
            self.runner.run(backend.clear())

    @rule(
        calls=st.lists(in_transaction, min_size=1, max_size=LONGEST),
        lease=leases,
        commits=st.booleans(),
    )
    def transaction(self, calls: list[Call], lease: Lease, commits: bool) -> None:  # noqa: FBT001  # drawn by name
        """Do the calls in one transaction, and commit it or roll it back."""
        self._compare([_transact(each, calls, lease, commits) for each in self.backends])

    @rule(calls=st.lists(with_rows, min_size=1, max_size=LONGEST), lease=leases)
    def fill(self, calls: list[Call], lease: Lease) -> None:
        """Add rows to the outbox."""
        self._compare([_transact(each, calls, lease, commits=True) for each in self.backends])

    @rule(call=of_store)
    def store(self, call: Call) -> None:
        """Do a call of the outbox."""
        self._compare([_call(each.outbox, call) for each in self.backends])

    @rule(loss=losses)
    def send_and_lose(self, loss: Loss) -> None:
        """Send two events, of which the second may be received, and look what is missing."""
        events = [numbered_event(number) for number in loss.numbers[:2]]
        for event, later in zip(events, loss.units, strict=True):
            self._lose(event, loss.subscriber, loss.lease, later)
        last = InboxKey(loss.subscriber, events[-1].message_id)
        calls = [Call("inbox", "insert_new", (last,))] * loss.received
        calls += [Call("pauses", "pause", (loss.subscriber,))] * loss.paused
        calls.append(loss.requeue)
        self._compare([_transact(each, calls, loss.lease, commits=True) for each in self.backends])

    def _lose(self, event: Any, subscriber: str, lease: Lease, units: int) -> None:
        """Commit an event that is subscribed to, delete its row as if it were sent, and wait."""
        subscribe = Call("subscriptions", "subscribe", (subscriber, [TYPE]), (("outside", False),))
        sent = [subscribe, Call("messagestore", "add", (event,))]
        self._compare([_transact(each, sent, lease, commits=True) for each in self.backends])
        claim = Call("store", "claim", (9, lease))
        self._compare([_call(each.outbox, claim) for each in self.backends])
        delete = Call("store", "delete", (lease.token, [OutboxKey(event.message_id)]))
        self._compare([_call(each.outbox, delete) for each in self.backends])
        self._compare([each.pass_time(units) for each in self.backends])

    @rule(calls=around_a_pause, lease=leases)
    def pause(self, calls: list[Call], lease: Lease) -> None:
        """Do calls of which some are undone by others, and look what is missing."""
        self._compare([_transact(each, calls, lease, commits=True) for each in self.backends])

    @rule(units=st.integers(1, 3))
    def pass_time(self, units: int) -> None:
        """Let time pass on all databases."""
        self._compare([each.pass_time(units) for each in self.backends])

    def _compare(self, works: Sequence[Any]) -> None:
        results = [self.runner.run(work) for work in works]
        states = [self.runner.run(backend.state()) for backend in self.backends]
        self.log.add(f"{results[0]}", f"{states[0]}")
        first = self.backends[0].name
        for backend, result, state in zip(self.backends, results, states, strict=True):
            names = f"{first} and {backend.name}"
            assert result == results[0], f"{names} return {results[0]} and {result}"
            for table, rows in state.items():
                kept = states[0][table]
                assert rows == kept, f"{names} differ in {table}:\n{kept}\n{rows}"


def compare(backends: Sequence[Backend], runner: asyncio.Runner, *, examples: int) -> int:
    """Do ``examples`` tapes of up to 30 steps on all backends; return how many steps were equal.

    Raises AssertionError, with the tape that was found.
    """
    log = Log()
    draw_tapes(backends, runner, log, examples=examples)
    return log.comparisons


def draw_tapes(
    backends: Sequence[Backend],
    runner: asyncio.Runner,
    log: Log,
    *,
    examples: int,
    seed: int | None = None,
) -> None:
    """Do tapes on all backends, the same each time for a seed. Raises AssertionError."""

    class Machine(PortMachine):
        pass

    Machine.backends, Machine.runner, Machine.log = backends, runner, log
    run_state_machine_as_test(
        Machine if seed is None else with_seed(seed)(Machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=seed is None,
            suppress_health_check=(
                HealthCheck.data_too_large,
                HealthCheck.filter_too_much,
                HealthCheck.too_slow,
            ),
        ),
    )


async def _transact(
    backend: Backend,
    calls: Sequence[Call],
    lease: Lease,
    commits: bool,  # noqa: FBT001  # as drawn
) -> list[Any]:
    results: list[Any] = []
    try:
        async with backend.unit_of_work(lease) as transaction:
            for call in calls:
                port = getattr(transaction.uow, call.port)
                results += [await _call(port, call)]
            await (transaction.commit() if commits else transaction.rollback())
    except EventstreamError as exc:
        results.append(type(exc).__name__)
    return results


async def _call(port: object, call: Call) -> Any:
    return _comparable(await getattr(port, call.method)(*call.arguments, **dict(call.options)))


def _comparable(result: Any) -> Any:
    """Return a result without what may differ: the order of sets, fractions of units."""
    if type(result) in COMPARABLE:
        return COMPARABLE[type(result)](result)
    if isinstance(result, Mapping):
        return {key: _comparable(value) for key, value in result.items()}
    if isinstance(result, set | frozenset | list | tuple) and not hasattr(result, "_fields"):
        return sorted((_comparable(each) for each in result), key=str)
    return result
