"""What is read from a file: its rows, what is wrong with others, and why a file is refused."""

from collections.abc import Mapping
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


_PACKED: Final = "unpack it, and import the CSV file in it"
_SHEET: Final = "save it as CSV (UTF-8), and import that"
FILE_REFUSALS: Final[Mapping[str, str]] = {
    "7z": f"this is a 7z archive: {_PACKED}",
    "absent-columns": "a file of {format} needs more columns: {columns}",
    "bzip2": f"this is a bzip2 archive: {_PACKED}",
    "carriage-returns": "the lines end with CR alone: save the file with usual line ends",
    "empty": "the file is empty",
    "excel": f"this is an Excel file: {_SHEET}",
    "gzip": f"this is a gzip archive: {_PACKED}",
    "long-line": "line 1 is longer than {most:,} bytes: this is no CSV file",
    "no-file": "choose a file",
    "no-row": "the file has a header, but no row below it",
    "no-text": f"this is no text file: {_SHEET}",
    "not-utf-8": "line {line} is not in UTF-8: save the file as CSV in UTF-8",
    "old-excel": f"this is an old Excel file: {_SHEET}",
    "open-document": f"this is an OpenDocument file: {_SHEET}",
    "pdf": "this is a PDF: export your library as CSV instead",
    "rar": f"this is a RAR archive: {_PACKED}",
    "repeated-columns": "the file has several columns of one name: {columns}",
    "too-large": "the file is larger than {most} MB: divide it",
    "too-many-rows": "the file has more than {most:,} rows: divide it",
    "unknown-columns": "the columns are not known: needed is the export of Goodreads (with "
    "the columns Title and Author) or of StoryGraph (Title and Authors), or a list with one ISBN "
    "a line",
    "utf-16": f"this file is in UTF-16: {_SHEET}",
    "web-page": "this is a web page: download the CSV file itself",
    "xz": f"this is an xz archive: {_PACKED}",
    "zip": f"this is a ZIP archive: {_PACKED}",
}
"""Why a file is refused: the sentence of each reason, with the values that it names."""


class FileRefused(Refusal):
    """The file cannot be read, or not any further."""

    def __init__(self, reason: str, **values: int | str) -> None:
        super().__init__(FILE_REFUSALS[reason].format_map(values))
        self.reason = reason
        self.values = values


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
