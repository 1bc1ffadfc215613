"""Takes one guard of the protocol away after the other, and counts the seeds that notice.

The guards are those of ``.ci/mutants.toml`` in the files below; the simulation runs on a copy.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[4]
DOMAIN: Final = "packages/reading-club-domain/src/reading_club"
WORKER: Final = "packages/reading-club-adapters-celery/src/reading_club/adapters/eventstream/worker"
PROTOCOL: Final = (
    f"{DOMAIN}/eventstream/outbox/",
    f"{DOMAIN}/eventstream/inbox/",
    f"{DOMAIN}/eventstream/dead_letters/commands.py",
    f"{DOMAIN}/eventstream/reconciler.py",
    f"{DOMAIN}/adapters/memory/outbox.py",
    f"{DOMAIN}/adapters/memory/inbox.py",
    f"{DOMAIN}/adapters/memory/dead_letters.py",
    f"{DOMAIN}/adapters/memory/database.py",
    f"{DOMAIN}/adapters/memory/message_store.py",
    f"{DOMAIN}/adapters/memory/subscriptions.py",
    f"{WORKER}/",
)
"""Where the guards of the protocol are. What the SQL adapters guard has a twin in memory."""
ELSEWHERE: Final = (
    *("context:", "deployment:", "enqueue:", "garbage:", "liveness:", "logs:", "outside:"),
    *("pauses:", "returned:", "start:", "stream:", "versions:", "wiring:"),
)
"""Guards in these files of what does not happen in the simulated worlds."""
SEEDS: Final = 1000
ENOUGH: Final = 6
"""The number of broken runs after which the density is known well enough."""


def main(words: list[str]) -> int:
    """Print what the simulation notices without each guard; return 1 if a seed fails with all."""
    machinery = _mutation_tests()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        machinery.copy_to(folder)
        if broken := _simulate(folder)["invariants"]:
            print(f"with all guards in place: {broken}")
            return 1
        for mutant in machinery.mutants(words):
            if mutant.file.startswith(PROTOCOL) and not mutant.guard.startswith(ELSEWHERE):
                path = folder / mutant.file
                sound = path.read_text(encoding="utf-8")
                path.write_text(sound.replace(mutant.old, mutant.new), encoding="utf-8")
                print(_row(mutant.guard, _simulate(folder)), flush=True)
                path.write_text(sound, encoding="utf-8")
    return 0


def _mutation_tests() -> Any:
    """Return the module ``.ci/mutants.py``."""
    spec = importlib.util.spec_from_file_location("mutants", ROOT / ".ci" / "mutants.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutants"] = module
    spec.loader.exec_module(module)
    return module


def _simulate(folder: Path) -> dict[str, Any]:
    """Run the simulation of the copy; return its numbers."""
    sources = [str(path) for path in sorted(folder.glob("*/*/src"))]
    sources.append(str(folder / "tests-functional" / "src"))
    command = [sys.executable, "-m", "reading_club_functional.simulation", "--json", "--jobs", "1"]
    done = subprocess.run(
        [*command, "--seeds", f"{os.environ.get('SEEDS', SEEDS)}", "--enough", f"{ENOUGH}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    numbers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def _row(guard: str, numbers: dict[str, Any]) -> str:
    """Return a row of the table of guards."""
    if not numbers["invariants"]:
        return f"| {guard} | not seen | 0 | |"
    invariants = ", ".join(sorted(numbers["invariants"], key=numbers["invariants"].get))
    return f"| {guard} | {invariants} | {numbers['density']:.0f} | `--seed {numbers['seed']}` |"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
