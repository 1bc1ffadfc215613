"""Attributes of a unit of work that are made anew in each transaction."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

TPort = TypeVar("TPort")


def per_transaction(make: Callable[[Any], TPort], name: str = "") -> TPort:
    """Declare an attribute of a unit of work, made anew at its first use in each transaction.

    ``make`` gets the session of the transaction. If its result has a method ``flush``, which writes
    collected rows, this is awaited before the commit. Only an attribute that is set after its class
    was defined needs a ``name``.
    """
    return cast("TPort", _PerTransaction(make, name))


class _PerTransaction:
    def __init__(self, make: Callable[[Any], Any], name: str) -> None:
        self.make = make
        self.name = name

    def __set_name__(self, _: type, name: str) -> None:
        self.name = name

    def __get__(self, uow: Any, _: type | None = None) -> Any:
        if uow is None:
            return self
        uow.made.append(self.name)
        made = uow.__dict__[self.name] = self.make(uow.session)
        return made
