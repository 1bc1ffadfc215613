"""Does the same calls on each backend, and compares what they return and what they leave."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from reading_club.eventstream.errors import EventstreamError
from reading_club.eventstream.ports.dead_letters import DeadLetter, DeadLetterGroup
from reading_club.eventstream.ports.outbox import Lease, OutboxMessage
from reading_club_functional.port_calls.backends import UNIT, Backend
from reading_club_functional.port_calls.calls import (
    Call,
    in_transaction,
    leases,
    of_store,
    with_rows,
)

LONGEST: Final = 5
"""The most calls of a transaction."""


class PortMachine(RuleBasedStateMachine):
    """Draws calls; the backends are those of the subclass that ``compare`` makes."""

    backends: Sequence[Backend]
    runner: asyncio.Runner
    done: list[int]
    """The number of comparisons, as its length."""

    def __init__(self) -> None:
        super().__init__()
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

    @rule(units=st.integers(1, 3))
    def pass_time(self, units: int) -> None:
        """Let time pass on all databases."""
        self._compare([each.pass_time(units) for each in self.backends])

    def _compare(self, works: Sequence[Any]) -> None:
        results = [self.runner.run(work) for work in works]
        states = [self.runner.run(backend.state()) for backend in self.backends]
        self.done.append(len(results))
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

    class Machine(PortMachine):
        pass

    Machine.backends, Machine.runner, Machine.done = backends, runner, []
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            phases=[Phase.generate],
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=(
                HealthCheck.data_too_large,
                HealthCheck.filter_too_much,
                HealthCheck.too_slow,
            ),
        ),
    )
    return len(Machine.done)


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
    if isinstance(result, OutboxMessage):
        age = round(result.age / UNIT)
        return (result.key, dict(result.envelope), result.attempts, age, result.attempted)
    if isinstance(result, DeadLetter):
        return (result.subscriber, str(result.message_id), result.error, result.parked)
    if isinstance(result, DeadLetterGroup):
        return (result.name, result.parked, result.count)
    if isinstance(result, Mapping):
        return {key: _comparable(value) for key, value in result.items()}
    if isinstance(result, set | frozenset | list | tuple) and not hasattr(result, "_fields"):
        return sorted((_comparable(each) for each in result), key=str)
    return result
