"""``python -m reading_club_functional.bench [--quick] [NAME…]``: measure, print, and save."""

import argparse
import json
import os
import platform
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from reading_club_functional.bench.comparison import Result, run
from reading_club_functional.bench.environment import open_environment
from reading_club_functional.bench.measures import commands, consuming, latency, memory, relaying

LATEST = Path("var/bench/latest.json")
PEERS = ("aio-pika", "asyncpg", "celery", "faststream", "faststream-outbox", "kombu")
LIBRARIES = ("messagebus", "sqlalchemy", *PEERS)
FAMILIES = (relaying, commands, consuming, latency, memory)


def save(results: list[Result]) -> None:
    """Write the results, the machine and the versions to latest.json."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(memory / 2**30, 1),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "versions": {name: version(name) for name in LIBRARIES},
        "results": [result.as_json() for result in results],
    }
    LATEST.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Measure the named comparisons, or all."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work, three rounds, no warm-up"
    )
    parser.add_argument("names", nargs="*", help="only these measures")
    wanted = parser.parse_args()
    results: list[Result] = []
    with open_environment(quick=wanted.quick) as environment:
        for comparison in chain.from_iterable(each.comparisons(environment) for each in FAMILIES):
            if not wanted.names or comparison.name in wanted.names:
                results.append(run(comparison, quick=wanted.quick))
                print(results[-1], flush=True)
                save(results)
    met = sum(result.met for result in results)
    print(f"{met} of {len(results)} goals met; written to {LATEST}")


if __name__ == "__main__":
    main()
