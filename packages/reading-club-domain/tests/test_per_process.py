"""State of one process, made anew in forked processes."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from reading_club.eventstream.per_process import PerProcess

FORK = """
import os, sys
from reading_club.eventstream.per_process import PerProcess

owners = PerProcess(os.getpid)
assert owners.get() == os.getpid()
if (child := os.fork()) == 0:
    os._exit(owners.value is not None or owners.get() != os.getpid())
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) or owners.get() != os.getpid())
"""


def test_a_process_has_one_value() -> None:
    """Threads that ask for the value at the same time get the same one."""
    values: PerProcess[object] = PerProcess(object)

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(lambda _: values.get(), range(64)))

    assert seen == {values.value}


def test_a_value_is_made_at_its_first_use() -> None:
    """Without a use there is no value, and a forgotten value is made again."""
    numbers = iter(range(9))
    values: PerProcess[int] = PerProcess(lambda: next(numbers))
    assert (values.value, values.pop()) == (None, None)

    first = values.get()

    assert (first, values.pop(), values.value, values.get()) == (0, 0, None, 1)


def test_a_forked_process_makes_its_own_value() -> None:
    """The child starts without a value and makes its own; the parent keeps the first one."""
    done = subprocess.run([sys.executable, "-c", FORK], timeout=30, check=False)

    assert done.returncode == 0
    assert PerProcess(os.getpid).get() == os.getpid()
