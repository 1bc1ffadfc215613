"""Checks the lists of modules that use internals of a library."""

import inspect
import re
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Final

_RELEASE: Final = re.compile(r"\b([a-z]\w*) (\d+\.\d+\.\d+)")
_TEST: Final = re.compile(r"``(test_\w+)``")


def assert_internals_are_listed(module: ModuleType, tests: Path) -> None:
    """Assert that the module's docstring lists each internal with a test that exists in ``tests``.

    The docstring names libraries with their installed releases, such as ``celery 5.7.0``, and has
    an item (``-``) for each internal. After an update of a library: check the items, and then
    correct the release.
    """
    text = inspect.getdoc(module) or ""
    head, *items = re.split(r"^- ", text, flags=re.MULTILINE)
    releases = dict(_RELEASE.findall(head))
    assert releases == {name: version(name) for name in releases} != {}
    assert items, f"{module.__name__} lists no internals"
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(tests.glob("test_*.py")))
    for item in items:
        names = _TEST.findall(item)
        assert names, f"{module.__name__} names no test for {item!r}"
        assert [name for name in names if f"def {name}(" not in code] == []
