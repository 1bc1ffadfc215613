"""Restarts of child processes: pauses, and no limit to their number."""

from collections.abc import Sequence
from typing import cast

from reading_club.app.supervision.child import ChildProcess
from reading_club.app.supervision.supervisor import NO_PROGRESS, RARELY, STEADY, Restarter
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.testing.clock import ManualClock

EXACT = Backoff(first=0.1, cap=10.0, jitter=lambda: 0.0)


class ScriptedProcess:
    """A process that a test ends; while running, ready or never ready."""

    def __init__(self, *, becomes_ready: bool = True) -> None:
        self.name = "worker activity"
        self.starts = 0
        self.exit_code: int | None = None
        self._becomes_ready = becomes_ready

    @property
    def is_ready(self) -> bool:
        """Whether the process runs and becomes ready at all."""
        return self._becomes_ready and self.exit_code is None

    def start(self) -> None:
        """Count a start, and run."""
        self.exit_code = None
        self.starts += 1

    def end(self) -> None:
        """End with the exit code of SIGKILL."""
        self.exit_code = -9


def restarter_of(process: ScriptedProcess, clock: ManualClock) -> Restarter:
    """Return a restarter of the process, whose pauses are exact."""
    return Restarter(cast("ChildProcess", process), clock.seconds, EXACT)


def pauses_of(
    process: ScriptedProcess, clock: ManualClock, lifetimes: Sequence[float]
) -> list[float]:
    """Return the pause in seconds before each restart, rounded to a tenth, for these lifetimes."""
    restarter, pauses = restarter_of(process, clock), []
    for lifetime in lifetimes:
        restarter.poll()
        clock.advance(lifetime)
        restarter.poll()
        process.end()
        ended, starts = clock.seconds(), process.starts
        while process.starts == starts:
            restarter.poll()
            clock.advance(0.05)
        pauses.append(round(clock.seconds() - ended - 0.05, 1))
    return pauses


def test_pauses_grow_up_to_a_bound() -> None:
    """The pauses double up to 10 s, and restarts continue after that."""
    pauses = pauses_of(ScriptedProcess(), ManualClock(), [1.0] * 12)

    assert pauses[:8] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]
    assert set(pauses[8:]) == {10.0}


def test_a_process_that_was_ready_for_a_while_is_started_at_once() -> None:
    """After STEADY seconds of being ready the pauses start over from the first."""
    pauses = pauses_of(ScriptedProcess(), ManualClock(), [1.0, 1.0, 1.0, STEADY + 1, 1.0])

    assert pauses == [0.1, 0.2, 0.4, 0.1, 0.2]


def test_a_process_that_never_becomes_ready_is_tried_rarely() -> None:
    """After NO_PROGRESS seconds without being ready, restarts follow every RARELY seconds."""
    process, clock = ScriptedProcess(becomes_ready=False), ManualClock()

    pauses = pauses_of(process, clock, [1.0, NO_PROGRESS, 1.0])

    assert pauses == [0.1, RARELY, RARELY]
    assert process.starts == 3


def test_a_pause_of_one_process_does_not_hold_up_another() -> None:
    """``poll`` does not block: while one process pauses, another one restarts."""
    failing, other, clock = ScriptedProcess(becomes_ready=False), ScriptedProcess(), ManualClock()
    restarters = [restarter_of(process, clock) for process in (failing, other)]
    clock.advance(NO_PROGRESS)
    for restarter in restarters:
        restarter.poll()
    failing.end()
    other.end()

    for _ in range(3):
        for restarter in restarters:
            restarter.poll()
        clock.advance(RARELY / 4)

    assert failing.starts == 0
    assert other.starts == 1


def test_a_worker_that_dies_of_an_event_does_not_lack_a_worker_for_its_attempts() -> None:
    """Eight quick deaths are all restarted, the first seven within 15 s of pauses."""
    process, clock = ScriptedProcess(), ManualClock()

    pauses = pauses_of(process, clock, [0.2] * 8)

    assert sum(pauses[:7]) < 15
    assert process.starts == 8
