"""What a format of files is, and the columns that all of them may have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Cells = Mapping[str, str]
"""The texts of a row by the names of the known columns; one that the file lacks is not there."""

CLUB_RATING: Final = "Reading Club Rating"
CLUB_BOOK_ID: Final = "Reading Club Book Id"
REASON: Final = "Why it was not imported"
"""The column of a file of rejected rows; it is not read."""


def key_of(column: str) -> str:
    """Return the form of a column's name that is compared."""
    return " ".join(column.split()).casefold()


@dataclass(frozen=True)
class Format:
    """A kind of file that can be read."""

    name: str
    columns: tuple[str, ...]
    """The columns that are read."""
    required: tuple[str, ...]
    tells: tuple[str, ...]
    """One of these columns tells the format from others."""
    column_of: Mapping[str, str]
    """The column of each field of a Row, for reasons."""
    read: Callable[[Cells], dict[str, Any]]
    """Returns the fields of a Row but its line. Raises CellRefused."""
    private: tuple[str, ...] = ()
    """Columns that are not kept, not even in rejected rows."""
