"""Finds what the modules of a package define: subscribers, read models and their contracts."""

from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules_of(package: str) -> Sequence[ModuleType]:
    """Import the modules of a package, in the order of their names."""
    names = sorted(module.name for module in iter_modules(import_module(package).__path__))
    return [import_module(f"{package}.{name}") for name in names]


def instances_in(package: str, kind: type[T]) -> tuple[T, ...]:
    """Return the objects of this class, of the modules of a package."""
    return tuple(
        value
        for module in modules_of(package)
        for value in vars(module).values()
        if isinstance(value, kind)
    )


def subclasses_in(package: str, base: type[T]) -> tuple[type[T], ...]:
    """Return the subclasses of this class that the modules of a package define."""
    return tuple(
        value
        for module in modules_of(package)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    )
