"""What is read from a file: its rows, what is wrong with others, and why a file is refused."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from reading_club.domain.errors import Refusal
from reading_club.domain.isbn import Isbn
from reading_club.domain.text import Author, Comment, Rating, Title

LONGEST_AUTHOR: Final = 200
AND_OTHERS: Final = " and others"


class FileRefused(Refusal):
    """The file cannot be read, or not any further."""


class RowRefused(Exception):
    """A row cannot be told from its neighbours, or is too long."""


class CellRefused(Exception):
    """The text in a column is not what the column is for."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column} {reason}")
        self.column = column
        self.reason = reason


class Row(BaseModel):
    """A book in a file, with the words of the file's owner. Texts keep the club's rules.

    A row without title and authors has an ISBN.
    """

    model_config = ConfigDict(frozen=True)

    line: int
    """The line on which the row begins; the first line of a file is 1."""
    title: Title | None = None
    authors: tuple[Author, ...] = ()
    isbn: Isbn | None = None
    rating: Rating | None = None
    """0 to 10; None if the owner gave none."""
    review: Comment = ""
    shelves: tuple[Title, ...] = ()
    """The names of the owner's shelves and tags, each once, in their order."""
    read_on: date | None = None
    """The last time."""
    added_on: date | None = None
    book_id: UUID | None = None
    """The book's id in the club that wrote the file."""

    @property
    def author(self) -> str:
        """The authors as one text that fits a book: those of too many are "others"."""
        text = ", ".join(self.authors)
        if len(text) <= LONGEST_AUTHOR:
            return text
        first = self.authors[0]
        for author in self.authors[1:]:
            longer = f"{first}, {author}"
            if len(longer + AND_OTHERS) > LONGEST_AUTHOR:
                break
            first = longer
        return first + AND_OTHERS if len(first + AND_OTHERS) <= LONGEST_AUTHOR else first


@dataclass(frozen=True)
class Rejection:
    """A row that was not read, and why, in plain words."""

    line: int
    """The line on which the row begins."""
    field: str
    """The column, as it is named in the file; empty if the whole row is wrong."""
    reason: str
    cells: tuple[str, ...] = ()
    """The row without private notes; empty if it cannot be taken apart."""

    def __str__(self) -> str:
        column = f"{self.field} " if self.field else ""
        return f"line {self.line}: {column}{self.reason}"
