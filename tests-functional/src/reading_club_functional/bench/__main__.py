"""``python -m reading_club_functional.bench [--quick] [NAME…]``: measure, print, and write down."""

import argparse
import json
import os
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from reading_club_functional.bench.measure import Pair, Result, run
from reading_club_functional.bench.stage import Stage, open_stage

LATEST = Path("var/bench/latest.json")
LIBRARIES = ("aio-pika", "asyncpg", "celery", "faststream", "faststream-outbox", "kombu")
OURS = ("messagebus", "sqlalchemy")


def pairs(stage: Stage) -> Iterator[Pair]:
    """Yield every pair, on servers that are there."""
    from reading_club_functional.bench import commands, consuming, relaying, standing

    for room in (relaying, commands, consuming, standing):
        yield from room.pairs(stage)


def machine() -> dict[str, object]:
    """Return where this is measured."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def write_down(results: list[Result]) -> None:
    """Keep the results for programs."""
    LATEST.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": machine(),
        "versions": {name: version(name) for name in (*OURS, *LIBRARIES)},
        "results": [result.as_json() for result in results],
    }
    LATEST.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Measure what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work, three rounds, no warm-up"
    )
    parser.add_argument("names", nargs="*", help="only these measures")
    wanted = parser.parse_args()
    results: list[Result] = []
    with open_stage(quick=wanted.quick) as stage:
        for pair in pairs(stage):
            if not wanted.names or pair.name in wanted.names:
                results.append(run(pair, quick=wanted.quick))
                print(results[-1], flush=True)
                write_down(results)
    met = sum(result.met for result in results)
    print(f"{met} of {len(results)} goals met; written to {LATEST}")


if __name__ == "__main__":
    main()
