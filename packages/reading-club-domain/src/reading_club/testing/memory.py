"""A database in memory, with transactions that are real.

A transaction reads what is committed and what it wrote itself. Its rows are copies: a
change to an object is stored only by the repository. At the commit every write is checked
and made once more, on what others have committed meanwhile.
"""

from collections import ChainMap
from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar
from uuid import UUID

from messagebus import Message
from pydantic import BaseModel

from reading_club.domain.model import Book, Review, Reviewer
from reading_club.service.activity import ActivityEntry
from reading_club.service.dead_letters import DeadLetter
from reading_club.service.errors import UnitOfWorkClosed

TRow = TypeVar("TRow", bound=BaseModel)
Write = Callable[["Tables"], object]
"""Checks a change against the tables, raises the refusal, or makes the change."""


class Tables:
    """The rows, by key. Each is a mapping, so that a transaction can be laid over it."""

    def __init__(self) -> None:
        self.books: MutableMapping[UUID, Book] = {}
        self.reviewers: MutableMapping[UUID, Reviewer] = {}
        self.reviews: MutableMapping[UUID, Review] = {}
        self.messages: MutableMapping[UUID, Message[Any]] = {}
        self.activity: MutableMapping[UUID, ActivityEntry] = {}
        self.dead_letters: MutableMapping[tuple[str, UUID], DeadLetter] = {}


class MemoryDatabase(Tables):
    """What is committed."""


class Overlay(Tables):
    """Rows that were written, laid over tables that stay as they are."""

    def __init__(self, below: Tables) -> None:
        super().__init__()
        for name, rows in vars(below).items():
            setattr(self, name, ChainMap(getattr(self, name), rows))


class MemoryTransaction:
    """What one unit of work does to the database: writes that are checked, kept and replayed."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._view = Overlay(database)
        self._writes: list[Write] = []
        self._open = True

    @property
    def tables(self) -> Tables:
        """The rows as this transaction sees them. Raises UnitOfWorkClosed after its end."""
        if not self._open:
            raise UnitOfWorkClosed("the transaction has ended")
        return self._view

    def write(self, change: Write) -> None:
        """Check and make a change now, and once more at the commit."""
        change(self.tables)
        self._writes.append(change)

    def commit(self) -> None:
        """Make the changes visible to everybody, or none of them if one is refused. Ends it."""
        self._open = False
        final = Overlay(self._database)
        for change in self._writes:
            change(final)
        for name, rows in vars(self._database).items():
            rows.update(getattr(final, name).maps[0])

    def close(self) -> None:
        """End the transaction; what it wrote and did not commit is gone."""
        self._open = False


def row(model: TRow) -> TRow:
    """Return a copy that shares nothing with the model, and bears no recorded messages."""
    return type(model).model_validate(model.model_dump())
