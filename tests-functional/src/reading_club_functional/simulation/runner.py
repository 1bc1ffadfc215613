"""Runs one simulated world, and tells what came of it."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from unittest.mock import patch

from reading_club.adapters.eventstream.worker import consumption, event_task, returning
from reading_club.eventstream.outbox import relay, sender
from reading_club_functional.simulation.invariants import InvariantViolation
from reading_club_functional.simulation.scenarios import SCENARIOS
from reading_club_functional.simulation.seeded_loop import SeededLoop, Stuck
from reading_club_functional.simulation.stopping import ObservedLog, wait_for
from reading_club_functional.simulation.tape import RandomTape, Tape
from reading_club_functional.simulation.threads import (
    SimulatedLock,
    SimulatedQueue,
    SimulatedThread,
    run_coroutine,
)
from reading_club_functional.simulation.world import World
from reading_club_functional.simulation.world_parts import build_parts


@dataclass(frozen=True)
class Result:
    """The outcome of a run."""

    trace: str
    """The hash of all its steps: the same tape has the same one."""
    steps: int
    seconds: float
    """Virtual seconds."""
    violation: str = ""
    """The broken promise and its detail; empty if all were kept."""
    story: tuple[str, ...] = ()


def run_seed(scenario: str, seed: int) -> Result:
    """Run the scenario of this name with the tape of this seed."""
    return run(scenario, RandomTape(seed))


def run(scenario: str, tape: Tape) -> Result:
    """Run the scenario of this name with a tape."""
    loop = SeededLoop(tape)
    parts = build_parts(SCENARIOS[scenario], loop)
    violation = ""
    with _replaced(loop, tape):
        try:
            loop.run_world(World(parts).run)
            if loop.failure is not None:
                violation = f"no thread ends: {loop.failure!r}"
        except (InvariantViolation, Stuck) as exc:
            violation = str(exc)
        result = Result(loop.trace, loop.steps, loop.passed, violation, tuple(loop.story))
        loop.dispose()
    return result


@contextmanager
def _replaced(loop: SeededLoop, tape: Tape) -> Iterator[None]:
    """Replace threads, clocks and random numbers of production code during the block."""
    with ExitStack() as stack:
        threading = SimpleNamespace(Thread=SimulatedThread, Lock=SimulatedLock)
        for module, name, value in (
            (sender, "threading", threading),
            (sender, "asyncio", SimpleNamespace(run=run_coroutine)),
            (sender, "Queue", SimulatedQueue),
            (sender, "monotonic", loop.time),
            (sender, "call_after_fork", lambda _: None),
            (relay, "monotonic", loop.time),
            (consumption, "time", SimpleNamespace(monotonic=loop.time)),
            (returning, "time", SimpleNamespace(monotonic=loop.time)),
            (returning, "wait", wait_for),
            (event_task, "ReturnedLog", ObservedLog),
        ):
            stack.enter_context(patch.object(module, name, value))
        stack.enter_context(patch("os.urandom", tape.bytes))
        stack.enter_context(without_logs())
        yield


@contextmanager
def without_logs() -> Iterator[None]:
    """Log nothing during the block."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(disabled)
