"""Runs production code in simulated worlds, and shows a run that breaks a promise.

Each run of the smallest scenario with up to two deviations from the default order, each run of the
small one with one, and 2,000 seeds of the large one.
"""

import argparse
import json
import os
import sys
from typing import Final

from reading_club_functional.simulation.batches import Report, Run, run_one, run_seeds, search
from reading_club_functional.simulation.scenarios import SCENARIOS
from reading_club_functional.simulation.search import parsed, written

COMMAND: Final = ".venv/bin/python -m reading_club_functional.simulation"
SEEDS: Final = 2000


def options() -> argparse.Namespace:
    """Return the options. Raises SystemExit for wrong ones."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="replay this seed, and tell its story")
    parser.add_argument("--deviations", type=parsed, help="replay them: STEP:KIND,…")
    parser.add_argument("--most", type=int, help="only search, up to this number of deviations")
    parser.add_argument("--scenario", choices=SCENARIOS, default="large")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--enough", type=int, default=1, help="stop after as many broken runs")
    parser.add_argument("--json", action="store_true", help="print numbers of the seeds only")
    return parser.parse_args()


def main() -> int:
    """Run what is asked for; return 1 if a promise was broken."""
    wanted = options()
    if wanted.seed is not None:
        return replay(wanted.scenario, wanted.seed)
    if wanted.deviations is not None:
        return replay(wanted.scenario, wanted.deviations)
    reports = []
    for scenario, most in searches(wanted):
        reports.append(search(scenario, most, jobs=wanted.jobs, enough=wanted.enough))
        tell(reports[-1], f"with up to {most} deviations")
    if wanted.most is None:
        report = run_seeds(
            wanted.scenario, wanted.first, wanted.seeds, jobs=wanted.jobs, enough=wanted.enough
        )
        if wanted.json:
            print_numbers(report)
        else:
            tell(report, "with a seed each")
        reports.append(report)
    return int(any(report.broken for report in reports))


def searches(wanted: argparse.Namespace) -> list[tuple[str, int]]:
    """Return the scenarios to search, each with its number of deviations."""
    if wanted.most is not None:
        return [(wanted.scenario, wanted.most)]
    return [] if wanted.json else [("smallest", 2), ("small", 1)]


def tell(report: Report, how: str) -> None:
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
        print(f"replay: {COMMAND} --scenario {report.scenario} {identity_text(identity)}")


def print_numbers(report: Report) -> None:
    """Print broken runs per 1,000, the broken promises, and a seed that broke one, as JSON."""
    seed = report.broken[0][0] if report.broken else None
    numbers = {"density": report.density, "invariants": report.invariants, "seed": seed}
    print(json.dumps(numbers))


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
