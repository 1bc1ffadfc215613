"""The comparison of public names, on two small releases of a package."""

from collections.abc import Callable
from pathlib import Path

import griffe
import pytest
from api_check import is_announced, load, may_break, public_breaks

PAGE = """\
| `reading_club.wire` | everything below it |
| `reading_club.stream` | what it exports |
"""
EXPORTS = "from reading_club.stream.inside import Sender\n\n__all__ = ['Sender']\n"
INSIDE = "class Sender:\n    def send(self, event): ...\n\n\nclass Helper: ...\n"
WIRE = "def encode(event): ...\n\n\ndef _quote(text): ...\n"

Release = Callable[..., griffe.Module]
"""Makes a release from its name and the texts of two modules."""


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Make a package with an exported class and a module whose names are all public."""

    def make(name: str, inside: str = INSIDE, wire: str = WIRE) -> griffe.Module:
        source = tmp_path / name / "packages" / "one" / "src" / "reading_club"
        for file, text in (
            ("stream/__init__.py", EXPORTS),
            ("stream/inside.py", inside),
            ("wire/__init__.py", ""),
            ("wire/text.py", wire),
        ):
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            (source / file).write_text(text, encoding="utf-8")
        return load(tmp_path / name)

    return make


def paths(old: griffe.Module, new: griffe.Module) -> list[str]:
    """Return the paths of the public breaks between two releases."""
    return [path for path, _ in public_breaks(old, new, PAGE)]


def test_the_same_release_breaks_nothing(release: Release) -> None:
    """Without a change there is no break."""
    assert paths(release("old"), release("new")) == []


def test_a_name_that_is_gone_from_a_public_module_is_a_break(
    release: Release,
) -> None:
    """Everything below the module counts, but for names with an underscore."""
    new = release("new", wire="def quote(text): ...\n")

    assert paths(release("old"), new) == ["reading_club.wire.text.encode"]


def test_a_method_of_an_export_counts_wherever_it_is_defined(
    release: Release,
) -> None:
    """An exported class is compared in its own module, whose other names do not count."""
    new = release("new", inside="class Sender:\n    def send(self, event, lease): ...\n")

    assert paths(release("old"), new) == ["reading_club.stream.inside.Sender.send"]


@pytest.mark.parametrize(
    ("changelog", "announced"),
    [
        ("`Sender` takes a lease", True),
        ("`reading_club.stream.inside` is gone", True),
        ("`Sender(lease=…)`", True),
        ("Sender takes a lease", False),
        ("`reading_club.stream` has more", False),
    ],
)
def test_a_break_is_announced_by_a_name_in_code(changelog: str, announced: bool) -> None:  # noqa: FBT001  # a parameter of the table
    """The class, the object or its module is named; a module above it is not enough."""
    assert is_announced("reading_club.stream.inside.Sender.send", changelog) is announced


@pytest.mark.parametrize(
    ("last", "current", "allowed"),
    [
        ("0.1.0", "0.1.0", True),  # what is not released yet
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.1.1", False),
        ("0.9.0", "1.0.0", True),
        ("1.2.0", "1.3.0", False),
        ("1.2.0", "2.0.0", True),
    ],
)
def test_a_break_needs_a_new_minor_version_before_1_0_and_a_major_after(
    last: str,
    current: str,
    allowed: bool,  # noqa: FBT001  # a parameter of the table
) -> None:
    """The table of versions on the page about stability."""
    assert may_break(last, current) is allowed
