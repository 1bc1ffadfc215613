"""Guards of production code taken away in this process, as ``.ci/mutants.toml`` lists them."""

import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import unwrap
from pathlib import Path
from types import FunctionType
from typing import Any, Final

ROOT: Final = Path(__file__).parents[4]
LISTED: Final = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text(encoding="utf-8"))


@contextmanager
def without(guard: str) -> Iterator[None]:
    """Run the block without a guard: the functions of its module have the code without it.

    They stay the same objects, so that every module that has imported them is concerned.
    """
    fields = LISTED[guard]
    path = ROOT / fields["file"]
    source = path.read_text(encoding="utf-8")
    assert source.count(fields["old"]) == 1, "the text of the guard has moved"
    module = sys.modules[".".join(path.relative_to(ROOT).with_suffix("").parts[3:])]
    changed: dict[str, Any] = {"__name__": module.__name__}
    text = source.replace(fields["old"], fields["new"])
    exec(compile(text, str(path), "exec"), changed)  # noqa: S102  # our own source
    found, other = _functions(vars(module)), _functions(changed)
    codes = {name: function.__code__ for name, function in found.items()}
    try:
        for name, function in found.items():
            function.__code__ = other[name].__code__
        yield
    finally:
        for name, function in found.items():
            function.__code__ = codes[name]


def _functions(names: Mapping[str, Any]) -> dict[str, FunctionType]:
    """Return the functions and methods that are defined under these names, without decorators."""
    module, found = names["__name__"], dict[str, FunctionType]()
    for name, value in names.items():
        members = vars(value) if isinstance(value, type) else {"": value}
        for member, each in members.items():
            plain = unwrap(each) if callable(each) else each
            if isinstance(plain, FunctionType) and plain.__module__ == module:
                found[f"{name}.{member}"] = plain
    return found
