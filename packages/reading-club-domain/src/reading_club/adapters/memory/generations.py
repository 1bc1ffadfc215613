"""Generations of a projection's rows, in memory."""

from collections.abc import Iterator, MutableMapping
from typing import Any

from reading_club.adapters.memory.database import InMemoryStreamDatabase, InMemoryTransaction
from reading_club.adapters.memory.rows import Projection


class Generation(MutableMapping[Any, Any]):
    """The rows of one table in a generation from 1 on, by their keys."""

    def __init__(self, tables: InMemoryStreamDatabase, table: str, number: int) -> None:
        self._rows, self._table, self._number = tables.rebuilt, table, number

    def __getitem__(self, key: Any) -> Any:
        return self._rows[self._table, self._number, key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self._rows[self._table, self._number, key] = value

    def __delitem__(self, key: Any) -> None:
        del self._rows[self._table, self._number, key]

    def __iter__(self) -> Iterator[Any]:
        for table, number, key in self._rows:
            if (table, number) == (self._table, self._number):
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


def rows_of(tables: InMemoryStreamDatabase, table: str, number: int) -> MutableMapping[Any, Any]:
    """Return the rows of a table in one generation."""
    rows: MutableMapping[Any, Any] = getattr(tables, table)
    return Generation(tables, table, number) if number else rows


def live(transaction: InMemoryTransaction[Any], name: str, table: str) -> MutableMapping[Any, Any]:
    """Return the rows of a projection's table that this transaction reads."""
    tables = transaction.tables
    known: int = tables.projections.get(name, Projection()).live
    return rows_of(tables, table, transaction.rebuilding.get(name, known))


def written(
    transaction: InMemoryTransaction[Any], tables: InMemoryStreamDatabase, name: str
) -> list[int]:
    """Return the generations that this transaction writes: the live one and one being built.

    Call it within each change: what is live may be another one at the commit.
    """
    if name in transaction.rebuilding:
        return [transaction.rebuilding[name]]
    known = tables.projections.get(name, Projection())
    return [known.live] if known.building is None else [known.live, known.building]
