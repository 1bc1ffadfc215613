"""Effects of importing the event stream, and of forking a process that uses it."""

import subprocess
import sys

CONNECTION_FORK = """
import os, sys
from reading_club.adapters.eventstream import publisher_app

app = publisher_app("memory://")
inherited = app.producer_pool
assert app.producer_pool is inherited
if (pid := os.fork()) == 0:
    os._exit(app.producer_pool is inherited)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) or app.producer_pool is not inherited)
"""


def test_a_fork_opens_connections_of_its_own() -> None:
    """A child creates its own connection pool; the parent keeps the first one."""
    # In a subprocess: the test process may have threads, and Python warns about forks of those.
    done = subprocess.run([sys.executable, "-c", CONNECTION_FORK], timeout=60, check=False)

    assert done.returncode == 0


LIGHT_IMPORT = """
import importlib, sys, threading
from pathlib import Path
import reading_club.adapters.eventstream as package

folder = Path(package.__file__).parent
for path in folder.rglob("*.py"):
    parts = path.relative_to(folder).with_suffix("").parts
    if "testing" not in parts:
        importlib.import_module(".".join([package.__name__, *parts]).removesuffix(".__init__"))
unwanted = ("pytest", "redis", "reading_club.domain", "reading_club.service", "sqlalchemy")
sys.exit([name for name in unwanted if name in sys.modules] or threading.active_count() - 1)
"""


def test_the_package_imports_neither_domain_nor_databases() -> None:
    """No module loads the club, a database driver or pytest, or starts a thread on import."""
    done = subprocess.run([sys.executable, "-c", LIGHT_IMPORT], timeout=60, check=False)

    assert done.returncode == 0
