"""The files of results, and an observed run beside the one that was not observed."""

import json
import os
import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reading_club_functional.bench.comparison import Result

LATEST = Path("var/bench/latest.json")
OBSERVED = Path("var/bench/observed.json")
PEERS = ("aio-pika", "asyncpg", "celery", "faststream", "faststream-outbox", "kombu")
LIBRARIES = ("messagebus", "sqlalchemy", *PEERS)
LEAST_KEPT = 0.9
"""The share of its ratio that a measure keeps, if observing costs no more than a tenth."""


def save(path: Path, results: Sequence[Result], *, quick: bool) -> None:
    """Write the results, the machine and the versions to a file."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    path.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "machine": {
            "cores": os.cpu_count(),
            "memory_gib": round(memory / 2**30, 1),
            "system": platform.system(),
            "python": platform.python_version(),
        },
        "quick": quick,
        "versions": {name: version(name) for name in LIBRARIES},
        "results": [result.as_json() for result in results],
    }
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def beside(latest: Path, results: Sequence[Result], *, quick: bool) -> Iterator[str]:
    """Yield a line for each measure of an observed run that the latest file has, and the verdict.

    Where less is better, the share is that of the inverse. Yields nothing without the file.
    """
    if not latest.exists():
        return
    report: dict[str, Any] = json.loads(latest.read_text(encoding="utf-8"))
    if report.get("quick", quick) != quick:
        yield f"{latest} is of the other kind, quick or full: compare with care"
    plain = {each["name"]: each for each in report["results"]}
    fallen: list[str] = []
    for result in results:
        if before := plain.get(result.comparison.name):
            share = _kept(result, before["ratio"])
            fallen += [result.comparison.name] if share < LEAST_KEPT else []
            yield _line(result, before, share)
    yield f"fell by more than a tenth: {', '.join(fallen) or 'no ratio'}"


def _kept(result: Result, before: float) -> float:
    return before / result.ratio if result.comparison.at_most else result.ratio / before


def _line(result: Result, before: dict[str, Any], share: float) -> str:
    now, unit = result.as_json()["ours"]["median"], result.comparison.unit
    ours = f"ours {now:,.4g} of {before['ours']['median']:,.4g} {unit}"
    ratio = f"ratio {result.ratio:.3g} of {before['ratio']:.3g}"
    return f"{result.comparison.name:26} {ratio} ({share:.0%}), {ours}"
