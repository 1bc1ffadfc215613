"""Base of the read models in memory."""

from typing import Any, ClassVar

from reading_club.adapters.memory.database import InMemoryTransaction


class InMemoryReadModel:
    """A read model in memory, an attribute of the club's unit of work.

    The modules of ``read_models`` define one subclass each, which the unit of work finds.
    """

    name: ClassVar[str]
    """The attribute of the unit of work."""
    tables: ClassVar[tuple[str, ...]]
    """The attributes of the database that hold the rows, each a mapping."""

    def __init__(self, transaction: InMemoryTransaction[Any]) -> None:
        self.transaction = transaction
