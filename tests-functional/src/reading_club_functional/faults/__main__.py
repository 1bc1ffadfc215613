"""``python -m reading_club_functional.faults --duration 60 --seed 1 [--only NAME,…] [PAIR…]``."""

import argparse
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from reading_club_functional.faults.pairs import PAIRS
from reading_club_functional.faults.processes import FAULTS
from reading_club_functional.faults.runner import Report, run

SEEDS = 1_000_000


def parsed() -> argparse.Namespace:
    """Return the arguments. Raises SystemExit for an unknown pair or fault."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds, for each pair")
    parser.add_argument("--seed", type=int, help="of the schedule; else a random one")
    parser.add_argument("--only", default="", help="names of faults, with commas between them")
    parser.add_argument("pairs", nargs="*", metavar="PAIR", help=f"of {', '.join(PAIRS)}; else all")
    wanted = parser.parse_args()
    wanted.pairs, wanted.only = wanted.pairs or [*PAIRS], [*filter(None, wanted.only.split(","))]
    if unknown := {*wanted.pairs} - PAIRS.keys():
        parser.error(f"no such pair: {', '.join(sorted(unknown))}")
    known = {*FAULTS}.union(*(PAIRS[pair].servers for pair in wanted.pairs))
    if unknown := {*wanted.only} - known:
        parser.error(f"{', '.join(sorted(unknown))} is none of {', '.join(sorted(known))}")
    return wanted


def main() -> int:
    """Run each pair, print the reports, and return 1 if an invariant was violated."""
    wanted = parsed()
    seed = SystemRandom().randrange(SEEDS) if wanted.seed is None else wanted.seed
    print(f"seed {seed}", flush=True)
    reports: list[Report] = []
    for pair in wanted.pairs:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            reports.append(run(pair, path, duration=wanted.duration, seed=seed, only=wanted.only))
    for report in reports:
        print(f"\n{report}")
    return int(any(report.violations for report in reports))


if __name__ == "__main__":
    sys.exit(main())
