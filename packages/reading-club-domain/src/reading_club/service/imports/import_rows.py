"""The rows of an import, and what became of them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from reading_club.service.book_files.rows import Rejection

ENDED: Final = "the import was ended before"
"""The reason of rows that were skipped as their member ended the import."""


class Outcome(StrEnum):
    """What became of a row."""

    ADDED = "added"
    """The book or the member's review is new."""
    KNOWN = "known"
    """The club had all of it."""
    REJECTED = "rejected"
    """It cannot be taken as it is; the reason says why."""
    SKIPPED = "skipped"
    """It was left out, and the reason says why: no fault of the row."""


@dataclass(frozen=True)
class ImportRow:
    """A row of a file. Waiting and rejected ones have their cells, without private notes."""

    line: int
    """The line of the file on which it begins."""
    cells: tuple[str, ...] = ()
    outcome: Outcome | None = None
    """None if it waits."""
    field: str = ""
    """The column that the reason is about; empty if it is about the whole row."""
    reason: str = ""
    """Why it was rejected or skipped; empty otherwise."""

    @property
    def rejection(self) -> Rejection:
        """The row as one of a file of rejected rows."""
        return Rejection(self.line, self.field, self.reason, self.cells)

    def with_outcome(self, outcome: Outcome, field: str = "", reason: str = "") -> "ImportRow":
        """Return the handled row, with its cells if it was rejected."""
        cells = self.cells if outcome is Outcome.REJECTED else ()
        return replace(self, cells=cells, outcome=outcome, field=field, reason=reason)


@dataclass(frozen=True)
class Sums:
    """The numbers of rows by what became of them."""

    waiting: int = 0
    added: int = 0
    known: int = 0
    rejected: int = 0
    skipped: int = 0

    @property
    def rows(self) -> int:
        """The number of all rows that are stored."""
        return self.waiting + self.handled

    @property
    def handled(self) -> int:
        """The number of rows that have an outcome."""
        return self.added + self.known + self.rejected + self.skipped
