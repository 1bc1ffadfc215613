"""The tables of the changelog that say where names are now."""

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
MOVED = CHANGELOG.split("### Moved")[1].split("### Removed")[0]
MODULE = re.compile(r"`(reading_club[\w.]+)`")
ROWS = [line.strip("| ").split(" | ") for line in MOVED.splitlines() if line.startswith("| `")]


def source_of(module: str) -> str:
    """Return the text of a module, or an empty text if there is none."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return ""
    return Path(spec.origin).read_text(encoding="utf-8") if spec and spec.origin else ""


def test_moved_modules_are_where_the_table_says() -> None:
    """Every module in the column To exists, and a module that moved as a whole is gone."""
    rows = [row for row in ROWS if len(row) == 2]
    gone = [module for old, _ in rows if ":" not in old for module in MODULE.findall(old)]

    assert len(rows) > 25
    assert [
        module for _, new in rows for module in MODULE.findall(new) if not source_of(module)
    ] == []
    assert [module for module in gone if source_of(module)] == []


def test_names_of_a_module_that_remains_have_left_it() -> None:
    """A name that moved out of a module cannot be imported from there any more."""
    rows = [row for row in ROWS if len(row) == 2 and ":" in row[0]]

    for old, _ in rows:
        module, names = old.split(": ", 1)
        text = source_of(MODULE.findall(module)[0])
        left = [
            n for n in re.findall(r"`(\w+)`", names) if f"class {n}" in text or f'"{n}"' in text
        ]
        assert not left, (module, left)


def test_renamed_classes_have_the_new_name() -> None:
    """Every new name occurs in the module that the table names for it."""
    rows = [row for row in ROWS if len(row) == 3]

    assert len(rows) > 15
    for _, names, modules in rows:
        text = "".join(source_of(module) for module in MODULE.findall(modules))
        missing = [n for n in re.findall(r"`(?:uow\.)?(\w+)`", names) if n not in text]
        assert not missing or names.startswith("take the stream's tables"), (names, missing)
