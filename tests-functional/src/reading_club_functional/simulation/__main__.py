"""Runs production code in simulated worlds, and shows a run that breaks a promise.

Each run of the smallest scenario with up to two deviations from the default order, each run of the
small one with one, 2,000 seeds of the large one, 200 of each other one with seeds, and 25 that
compare the adapters on which these worlds stand with those on SQLite.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Final

from reading_club_functional.proof.mutation import LISTED, without
from reading_club_functional.simulation.batches import Report, Run, run_one, run_seeds, search
from reading_club_functional.simulation.scenarios import ADAPTERS, SCENARIOS, SEEDED
from reading_club_functional.simulation.search import parsed, written

COMMAND: Final = ".venv/bin/python -m reading_club_functional.simulation"
SEEDS: Final = 2000
SHARE: Final = 10
"""There are as many seeds of the large scenario for each one of every other scenario."""
ADAPTERS_SHARE: Final = 80
"""The same for each one that compares adapters."""


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options. Raises SystemExit for wrong ones."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this seed, and tell its story")
    parser.add_argument("--deviations", type=parsed, help="replay them: STEP:KIND,…")
    parser.add_argument("--most", type=int, help="only search, up to this number of deviations")
    parser.add_argument(
        "--scenario", choices=(*SCENARIOS, ADAPTERS), help="with seeds, this one alone"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--enough", type=int, default=1, help="stop after as many broken runs")
    parser.add_argument("--without", metavar="GUARD", default="", help="one of .ci/mutants.toml")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; return 1 if a promise was broken."""
    wanted = options(arguments)
    if wanted.without not in {"", *LISTED}:
        raise SystemExit(f"no guard of .ci/mutants.toml is called {wanted.without!r}")
    with without(wanted.without) if wanted.without else nullcontext():
        return run(wanted)


def run(wanted: argparse.Namespace) -> int:
    """Run what the options say; return 1 if a promise was broken."""
    if wanted.seed is not None:
        return replay(wanted.scenario or "large", wanted.seed)
    if wanted.deviations is not None:
        return replay(wanted.scenario or "large", wanted.deviations)
    reports = []
    effort = {"jobs": wanted.jobs, "enough": wanted.enough, "guard": wanted.without}
    for scenario, most in searches(wanted):
        reports.append(search(scenario, most, **effort))
        tell(reports[-1], f"with up to {most} deviations", wanted.without)
    for scenario, seeds in seeded(wanted):
        reports.append(run_seeds(scenario, wanted.first, seeds, **effort))
        tell(reports[-1], "with a seed each", wanted.without)
    return int(any(report.broken for report in reports))


def searches(wanted: argparse.Namespace) -> list[tuple[str, int]]:
    """Return the scenarios to search, each with its number of deviations."""
    if wanted.most is not None:
        return [(wanted.scenario or "large", wanted.most)]
    return [] if wanted.scenario else [("smallest", 2), ("small", 1)]


def seeded(wanted: argparse.Namespace) -> list[tuple[str, int]]:
    """Return the scenarios to run with seeds, each with their number."""
    if wanted.most is not None:
        return []
    if wanted.scenario:
        return [(wanted.scenario, wanted.seeds)]
    others = [(name, wanted.seeds // SHARE) for name in SEEDED if name != "large"]
    adapters = (ADAPTERS, wanted.seeds // ADAPTERS_SHARE)
    return [("large", wanted.seeds), *others, adapters]


def tell(report: Report, how: str, guard: str) -> None:
    """Print what was run, and the first run that broke a promise."""
    days = report.seconds / 86400
    print(
        f"{report.scenario}: {report.runs:,} runs {how}, {report.steps:,} steps,"
        f" {days:.1f} simulated days, {len(report.broken)} broke a promise",
        flush=True,
    )
    for invariant, number in report.invariants.most_common():
        print(f"  {number} x {invariant}")
    if report.broken:
        identity, result = report.broken[0]
        again = run_one(report.scenario, identity)
        same = "the same" if again.trace == result.trace else "ANOTHER ONE"
        print(f"\n{identity_text(identity)} broke: {result.violation}")
        print(f"hash {result.trace[:16]}, of its replay {same}")
        option = f" --without {shlex.quote(guard)}" if guard else ""
        print(f"replay: {COMMAND} --scenario {report.scenario} {identity_text(identity)}{option}")


def replay(scenario: str, identity: Run) -> int:
    """Run once, and print the story; return 1 if a promise was broken."""
    result = run_one(scenario, identity)
    print("\n".join(result.story))
    print(f"{result.steps} steps, {result.seconds:.0f} simulated seconds, hash {result.trace[:16]}")
    print(f"broken: {result.violation}" if result.violation else "every promise was kept")
    return int(bool(result.violation))


def identity_text(identity: Run) -> str:
    """Return the options that replay a run."""
    if isinstance(identity, int):
        return f"--seed {identity}"
    return f"--deviations {written(identity)}"


if __name__ == "__main__":
    sys.exit(main())
