"""Runs many simulated worlds, in several processes of this machine."""

import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Final

from reading_club_functional.port_calls.check import compare_adapters
from reading_club_functional.proof.mutation import remove
from reading_club_functional.simulation.runner import Result, run_seed
from reading_club_functional.simulation.scenarios import ADAPTERS
from reading_club_functional.simulation.search import deviations, run_with
from reading_club_functional.simulation.tape import Deviation

CHUNK: Final = 50
"""Worlds that one process runs at a time."""
ADAPTERS_CHUNK: Final = 2
"""The same of seeds that compare adapters."""

Run = int | tuple[Deviation, ...]
"""What identifies a run of a scenario: a seed, or deviations from the default order."""


@dataclass
class Report:
    """The runs of a scenario: their number, their steps, and those that broke a promise."""

    scenario: str
    runs: int = 0
    steps: int = 0
    seconds: float = 0.0
    """Virtual seconds."""
    broken: list[tuple[Run, Result]] = field(default_factory=list)

    @property
    def invariants(self) -> Counter[str]:
        """The broken promises, and how many runs broke each."""
        return Counter(result.violation.partition(":")[0] for _, result in self.broken)

    @property
    def density(self) -> float:
        """Broken runs per 1,000."""
        return 1000 * len(self.broken) / max(1, self.runs)

    def add(self, other: "Report") -> None:
        """Add the runs of another report."""
        self.runs += other.runs
        self.steps += other.steps
        self.seconds += other.seconds
        self.broken += other.broken


def run_one(scenario: str, identity: Run) -> Result:
    """Do one run."""
    if scenario == ADAPTERS:
        return _compare_adapters(identity)
    if isinstance(identity, int):
        return run_seed(scenario, identity)
    return run_with(scenario, identity)


def _compare_adapters(identity: Run) -> Result:
    assert isinstance(identity, int)
    log, difference = compare_adapters(identity)
    violation = f"all adapters do the same: memory and SQLite {difference}" if difference else ""
    return Result(log.trace, log.comparisons, 0.0, violation, tuple(log.story))


def run_seeds(
    scenario: str, first: int, seeds: int, *, jobs: int, enough: int, guard: str = ""
) -> Report:
    """Run ``seeds`` seeds from ``first`` on, until ``enough`` have broken a promise.

    Several ``jobs`` are processes, in which ``guard`` is taken away; one is this process.
    """
    return _run(scenario, range(first, first + seeds), jobs, enough, guard)


def search(scenario: str, most: int, *, jobs: int, enough: int, guard: str = "") -> Report:
    """Do all runs with up to ``most`` deviations, until ``enough`` have broken a promise."""
    return _run(scenario, deviations(scenario, most), jobs, enough, guard)


def _run(scenario: str, runs: Iterable[Run], jobs: int, enough: int, guard: str) -> Report:
    size = ADAPTERS_CHUNK if scenario == ADAPTERS else CHUNK
    report, chunks = Report(scenario), _chunks(runs, size)
    if jobs == 1:
        parts = map(partial(_run_chunk, scenario, enough), chunks)
        return _until(report, parts, enough)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, remove, (guard,)) as pool:
        while waiting := [
            pool.submit(_run_chunk, scenario, enough, chunk) for chunk in islice(chunks, 4 * jobs)
        ]:
            _until(report, (each.result() for each in waiting), enough)
            if len(report.broken) >= enough:
                break
    return report


def _until(report: Report, parts: Iterable[Report], enough: int) -> Report:
    for part in parts:
        report.add(part)
        if len(report.broken) >= enough:
            break
    return report


def _chunks(runs: Iterable[Run], size: int) -> Iterator[list[Run]]:
    left = iter(runs)
    while chunk := list(islice(left, size)):
        yield chunk


def _run_chunk(scenario: str, enough: int, chunk: list[Run]) -> Report:
    report = Report(scenario)
    for identity in chunk:
        result = run_one(scenario, identity)
        report.runs += 1
        report.steps += result.steps
        report.seconds += result.seconds
        if result.violation:
            report.broken.append((identity, result))
            if len(report.broken) >= enough:
                break
    return report
