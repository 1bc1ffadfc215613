"""``python -m reading_club_functional.bench [--quick] [--observed] [NAME…]``: measure and save.

With ``--observed`` the club logs JSON, serves metrics and writes spans to files, as with the
settings READING_CLUB_LOG_FORMAT, READING_CLUB_METRICS_PORT and READING_CLUB_TRACES: its processes,
and applications and relays in this process, whose commands are in a span each as requests are.
Peers, clients and checks are not observed. Left out are measures of what observing itself costs.
"""

import argparse
from itertools import chain

from reading_club_functional.bench.comparison import Result, run
from reading_club_functional.bench.environment import open_environment
from reading_club_functional.bench.measures import (
    commands,
    consuming,
    end_to_end,
    first_page,
    latency,
    memory,
    observing,
    open_transaction,
    pruning,
    relaying,
    stages,
    wal,
)
from reading_club_functional.bench.report import LATEST, OBSERVED, beside, save

FAMILIES = (
    relaying,
    commands,
    consuming,
    end_to_end,
    latency,
    stages,
    wal,
    first_page,
    memory,
    open_transaction,
    pruning,
)


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work, three rounds, no warm-up"
    )
    parser.add_argument(
        "--observed", action="store_true", help="with logs in JSON, metrics and traces"
    )
    parser.add_argument("names", nargs="*", help="only these measures")
    return parser.parse_args()


def main() -> None:
    """Measure the named comparisons, or all."""
    wanted = arguments()
    results: list[Result] = []
    path = OBSERVED if wanted.observed else LATEST
    families = FAMILIES if wanted.observed else (*FAMILIES, observing)
    with open_environment(quick=wanted.quick, observed=wanted.observed) as environment:
        for comparison in chain.from_iterable(each.comparisons(environment) for each in families):
            if not wanted.names or comparison.name in wanted.names:
                results.append(run(comparison, quick=wanted.quick))
                print(results[-1], flush=True)
                save(path, results, quick=wanted.quick)
    if wanted.observed:
        print(*beside(LATEST, results, quick=wanted.quick), sep="\n")
    verdicts = [result.met for result in results if result.met is not None]
    print(f"{sum(verdicts)} of {len(verdicts)} goals met; written to {path}")


if __name__ == "__main__":
    main()
