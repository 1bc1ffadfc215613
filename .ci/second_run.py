"""Run the tests that have failed in the last run a second time, one after the other.

The functional suite starts many servers on two cores, and a test in a thousand meets one that is
late. Up to three failed tests get a second run, alone, and are named in the output: one that fails
again fails the check. The nightly suite gives none: there each such test is seen.
"""

import json
import subprocess
import sys
from pathlib import Path

MOST = 3
"""Failed tests that get a second run; more of them are no coincidence."""
LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")


def failed_tests(root: Path) -> list[str]:
    """Return the tests that failed in the last run, by their ids."""
    path = root / LAST_FAILED
    return sorted(json.loads(path.read_text("utf-8"))) if path.exists() else []


def run_again(root: Path, options: list[str]) -> int:
    """Run the failed tests again with these options of pytest; return the exit code, 0 or not."""
    failed = failed_tests(root)
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests have failed: a second run is for 1 to {MOST}", flush=True)
        return 1
    print("Failed, and run a second time, alone:", *failed, sep="\n  ", flush=True)
    command = [sys.executable, "-m", "pytest", *options, *failed]
    code = subprocess.run(command, cwd=root, check=False).returncode
    if code == 0:
        print("UNSTEADY, passed at the second run:", *failed, sep="\n  ", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(run_again(Path.cwd(), sys.argv[1:]))
