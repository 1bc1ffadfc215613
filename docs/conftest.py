"""Runs the examples of the pages.

Python examples of one page share their names, in their order. An example below the name of a file
is that file, and so is an included one. The files of a page are written to a folder, where
``tests/test_pages.py`` runs the tests among them; a page with files and without tests has a test
elsewhere that names the page.
"""

import re
from contextlib import ExitStack, chdir
from logging import getLogger
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from kombu import pools
from kombu.transport.memory import Transport
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

DOCS = Path(__file__).parent
FILE = re.compile(
    r"^`([\w./-]+\.\w+)`\n\n```(?:\w+|\{literalinclude\} (\S+))\n(.*?)^```",
    re.MULTILINE | re.DOTALL,
)


def files_of(page: Path) -> dict[str, str]:
    """Return the files that a page shows or includes, by name."""
    return {
        name: (page.parent / path).read_text(encoding="utf-8") if path else text
        for name, path, text in FILE.findall(page.read_text(encoding="utf-8"))
    }


FILES = {
    str(page.relative_to(DOCS)): found
    for page in sorted(DOCS.rglob("*.md"))
    if (found := files_of(page))
}
"""The files on a page, by the page."""

surroundings = ExitStack()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test the files of each page that has tests, or the name of each other page."""
    tested = {page: files for page, files in FILES.items() if "test_" in "".join(files)}
    if "files" in metafunc.fixturenames:
        metafunc.parametrize("files", tested.values(), ids=tested)
    if "page_without_tests" in metafunc.fixturenames:
        metafunc.parametrize("page_without_tests", sorted(FILES.keys() - tested.keys()))


def enter_empty_folder(_: dict[str, Any]) -> None:
    """Let the examples of a page write their files into an empty folder."""
    folder = surroundings.enter_context(TemporaryDirectory())
    surroundings.enter_context(chdir(folder))
    # Celery's workers set the level of the root logger.
    surroundings.callback(getLogger().setLevel, getLogger().level)


def leave_folder(_: dict[str, Any]) -> None:
    """Go back, and clear kombu's state of the process: connections and queues in memory."""
    surroundings.close()
    pools.reset()
    Transport.global_state.clear()
    Transport.Channel.queues.clear()


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["*.md"],
    excludes=list(FILES),
    setup=enter_empty_folder,
    teardown=leave_folder,
).pytest()
