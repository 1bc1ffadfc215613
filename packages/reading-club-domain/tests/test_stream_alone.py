"""The event stream is imported without the club."""

import subprocess
import sys

import pytest

PRINT_CLUB = """
club = ("reading_club.domain", "reading_club.service", "pytest")
print([name for name in sys.modules if name.startswith(club)])
"""
IMPORT_ALL = """
import importlib, pkgutil, sys
import reading_club.eventstream as package
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
"""


def printed(code: str) -> str:
    """Return what a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_event_stream_imports_no_club() -> None:
    """No module of the stream imports the club's domain, its use cases or pytest."""
    assert printed(IMPORT_ALL + PRINT_CLUB) == "[]\n"


@pytest.mark.parametrize("module", ["stream_unit_of_work", "outbox", "publisher", "transport"])
def test_the_stream_in_memory_imports_no_club(module: str) -> None:
    """The in-memory adapters of the stream can be used under another domain."""
    assert printed(f"import sys, reading_club.adapters.memory.{module}{PRINT_CLUB}") == "[]\n"
