"""Guards of production code taken away in this process, as ``.ci/mutants.toml`` lists them."""

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from inspect import unwrap
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

ROOT: Final = Path(__file__).parents[4]
LISTED: Final = tomllib.loads((ROOT / ".ci" / "mutants.toml").read_text(encoding="utf-8"))

_REMOVED: Final = ExitStack()


@contextmanager
def without(guard: str) -> Iterator[None]:
    """Run the block without a guard: the functions of its module have the code without it.

    They stay the same objects, so that every module that has imported them is concerned. Numbers
    that are constants of the module are replaced as well.
    """
    module, changed = _changed(guard)
    found, other = _functions(vars(module)), _functions(changed)
    codes = {name: function.__code__ for name, function in found.items()}
    numbers = {name: value for name, value in vars(module).items() if isinstance(value, float)}
    try:
        for name, function in found.items():
            function.__code__ = other[name].__code__
        vars(module).update({name: changed[name] for name in numbers})
        yield
    finally:
        for name, function in found.items():
            function.__code__ = codes[name]
        vars(module).update(numbers)


def remove(guard: str) -> None:
    """Take a guard away in this process until its end; an empty text is no guard."""
    if guard:
        _REMOVED.enter_context(without(guard))


def _changed(guard: str) -> tuple[ModuleType, dict[str, Any]]:
    """Return the module of a guard, and the names of the module without it."""
    fields = LISTED[guard]
    path = ROOT / fields["file"]
    source = path.read_text(encoding="utf-8")
    assert source.count(fields["old"]) == 1, "the text of the guard has moved"
    module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts[3:]))
    changed: dict[str, Any] = {"__name__": module.__name__}
    text = source.replace(fields["old"], fields["new"])
    exec(compile(text, str(path), "exec"), changed)  # noqa: S102  # our own source
    return module, changed


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
