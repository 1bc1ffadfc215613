"""Takes one guard of the protocol away after the other, and tells which rungs of the proof notice.

The guards are those of ``.ci/mutants.toml`` in the files below. Rung 2 drives production code
through the model, rung 3 is the simulation, whose seeds of the scenario ``adapters`` compare those
in memory with those on SQLite.
"""

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Final

from reading_club_functional.proof.code_check import first_difference
from reading_club_functional.proof.mutation import LISTED, without
from reading_club_functional.simulation.batches import run_seeds
from reading_club_functional.simulation.scenarios import ADAPTERS, SEEDED

DOMAIN: Final = "packages/reading-club-domain/src/reading_club"
STREAM: Final = f"{DOMAIN}/eventstream/"
MEMORY: Final = f"{DOMAIN}/adapters/memory/"
SQL: Final = "packages/reading-club-adapters-sqla/src/reading_club/adapters/uow_sqla/eventstream/"
WORKER: Final = (
    "packages/reading-club-adapters-celery/src/reading_club/adapters/eventstream/worker/"
)
PORTS: Final = ("outbox", "outbox_writer", "inbox", "message_store", "subscriptions", "pauses")
PROTOCOL: Final = (
    *(f"{STREAM}{name}" for name in ("outbox/", "inbox/", "reconciler.py")),
    *(f"{STREAM}{name}.py" for name in ("dead_letters/commands", "ports/inbox")),
    *(f"{folder}{name}.py" for folder in (MEMORY, SQL) for name in (*PORTS, "dead_letters")),
    WORKER,
)
"""Where the guards of the protocol are."""
ELSEWHERE: Final = (
    *("batches:", "context:", "liveness:", "logs:", "erasure:", "start:", "statistics:", "stream:"),
    *("versions:", "wiring:", "enqueue:", "garbage:", "outside:", "subscriptions:", "walks:"),
    *("dead letters: one ", "dead letters: the class", "inbox: a stall is counted in a schema"),
)
"""Guards in these files that are no matter of the protocol."""
SEEN_BY_TESTS: Final = frozenset(
    {
        "outbox: on PostgreSQL the row is in the statement of its message",
        "lease: a claim passes over rows in others' hands",
    }
)
"""Guards that no rung notices; docs/simulation.md says why."""
SEEDS: Final = 500
"""Of each scenario."""
ADAPTERS_SEEDS: Final = 40
ENOUGH: Final = 3
"""The number of broken runs after which the density is known well enough."""
NOT_TRIED: Final = "not tried"
NOWHERE: Final = frozenset({"", "-", NOT_TRIED})


def main(words: list[str]) -> int:
    """Print which rungs notice that a guard is missing.

    Return 1 if a rung notices something with all guards in place, or if no rung notices that a
    guard is missing which is not one of ``SEEN_BY_TESTS``.
    """
    seeds, chosen = int(os.environ.get("SEEDS", SEEDS)), list(guards(words))
    sound = [first_difference(), simulated(seeds)[0], compared()[0]]
    if any(sound):
        print(f"with all guards in place: {sound}")
        return 1
    print("| Guard removed | Rung 2 differs after | Rung 3: violated | In seeds |")
    print("|---|---|---|---|")
    missed = []
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for guard, cells in zip(chosen, pool.map(partial(noticed, seeds), chosen), strict=True):
            print(f"| {guard} |", " | ".join(each or "-" for each in cells), "|", flush=True)
            if guard not in SEEN_BY_TESTS and NOWHERE.issuperset(cells[:2]):
                missed.append(guard)
    print(f"noticed by no rung: {missed}" if missed else "each one is noticed, or seen by tests")
    return int(bool(missed))


def guards(words: list[str]) -> Iterator[str]:
    """Yield the guards of the protocol, or those whose name contains one of these words."""
    for guard, fields in LISTED.items():
        wanted = not words or any(word in guard for word in words)
        if wanted and fields["file"].startswith(PROTOCOL) and not guard.startswith(ELSEWHERE):
            yield guard


def noticed(seeds: int, guard: str) -> list[str]:
    """Return what the rungs notice without a guard, of those that run its code.

    Adapters in memory are compared if no world notices anything.
    """
    file = LISTED[guard]["file"]
    with without(guard):
        if file.startswith(SQL):
            return [NOT_TRIED, *compared()]
        difference = first_difference() if file.startswith(DOMAIN) else NOT_TRIED
        runs = simulated(seeds)
        if file.startswith(MEMORY) and not runs[0]:
            runs = compared()
    return [difference, *runs]


def compared() -> tuple[str, str]:
    """Return in what the adapters differ, and in how many of the seeds."""
    report = run_seeds(ADAPTERS, 0, ADAPTERS_SEEDS, jobs=1, enough=ENOUGH)
    first = f", the first is {report.broken[0][0]} of {ADAPTERS}" if report.broken else ""
    differences = {result.violation.partition("SQLite ")[2] for _, result in report.broken}
    return ", ".join(sorted(differences)), f"{len(report.broken)} of {report.runs}{first}"


def simulated(seeds: int) -> tuple[str, str]:
    """Return the promises that are broken, and in how many of the seeds."""
    for scenario in SEEDED:
        report = run_seeds(scenario, 0, seeds, jobs=1, enough=ENOUGH)
        if report.broken:
            first = f"the first is {report.broken[0][0]} of the scenario {scenario}"
            invariants = ", ".join(sorted(report.invariants))
            return invariants, f"{len(report.broken)} of {report.runs}, {first}"
    return "", f"0 of {len(SEEDED) * seeds}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
