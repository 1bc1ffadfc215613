"""Base of the read models in memory."""

from collections.abc import Callable, MutableMapping
from typing import Any, ClassVar

from reading_club.adapters.memory import generations
from reading_club.adapters.memory.database import InMemoryTransaction


class InMemoryReadModel:
    """A read model in memory, an attribute of the club's unit of work.

    The modules of ``read_models`` define one subclass each, which the unit of work finds.
    """

    name: ClassVar[str]
    """The attribute of the unit of work, and the subscriber that writes the read model."""
    tables: ClassVar[tuple[str, ...]]
    """The attributes of the database that hold the rows, each a mapping."""
    lasting: ClassVar[tuple[str, ...]] = ()
    """Those without generations, which a rebuild leaves as they are."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction

    def live(self, table: str) -> MutableMapping[Any, Any]:
        """Return the rows that this transaction reads."""
        return generations.live(self.transaction, self.name, table)

    def write(self, table: str, change: Callable[[MutableMapping[Any, Any]], object]) -> None:
        """Change the rows of each generation that this transaction writes."""

        def each(tables: Any) -> None:
            for number in generations.written(self.transaction, tables, self.name):
                change(generations.rows_of(tables, table, number))

        self.transaction.write(each)
