"""What has to stay as it is: the memory of the processes, and the time of the fast tests."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from reading_club_functional.bench.measure import Pair
from reading_club_functional.bench.soak import Soak
from reading_club_functional.bench.stage import Stage

ROOT = Path(__file__).parents[4]
ELEVEN = Path(__file__).with_name("eleven.py")
BY_THEMSELVES = (
    *("-c", os.devnull, "--noconftest", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"),
    *("-p", "no:valkey", "-p", "no:hypothesispytest", str(ELEVEN)),
)
"""As a project of its own would run them: without our configuration, and no plugin in vain."""


class TestsFailed(AssertionError):
    """The fast suites have not passed, so that their time says nothing."""


def pairs(stage: Stage) -> Iterator[Pair]:
    """Compare memory late with memory early, and our tests with a cookbook's."""
    soak = Soak(stage)
    yield Pair(
        name="memory_soak",
        unit="MiB",
        ours=soak.late,
        peer=soak.early,
        peer_name="the same processes after a tenth of the events",
        goal=1.1,
        at_most=True,
        rounds=1,
        rounds_quick=1,
        warm_up=False,
    )
    yield Pair(
        name="fast_suite",
        unit="ms a test",
        ours=time_of_a_test,
        peer=partial(time_of_a_test, *BY_THEMSELVES),
        peer_name="eleven tests as the cookbook's",
        goal=0.5,
        at_most=True,
        rounds_quick=1,
    )


def time_of_a_test(*arguments: str) -> float:
    """Return the milliseconds of ``pytest`` at the root, start-up included, over its tests.

    Without arguments it runs the fast suites. Raises TestsFailed unless all pass.
    """
    begin = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    seconds = time.perf_counter() - begin
    passed = re.search(r"^(\d+) passed in", run.stdout, re.MULTILINE)
    if run.returncode or passed is None:
        raise TestsFailed(run.stdout[-2000:] + run.stderr[-2000:])
    return 1000 * seconds / int(passed[1])
