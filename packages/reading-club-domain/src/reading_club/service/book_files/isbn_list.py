"""A plain list of ISBNs, one a line, with or without the heading ``ISBN``."""

import re
from typing import Any, Final

from reading_club.service.book_files.cells import read_isbn
from reading_club.service.book_files.formats import Cells, Format

_ISBN_FIRST: Final = re.compile(r'\s*[="]*(?:ISBN\S*\s+)?[0-9][0-9Xx -]{8,20}[",;\s]*', re.I)


def begins_with_an_isbn(line: str) -> bool:
    """Whether a file with this first line is a list without a heading."""
    return _ISBN_FIRST.fullmatch(line) is not None


def _read(cells: Cells) -> dict[str, Any]:
    return {"isbn": read_isbn(cells["ISBN"], "ISBN")}


ISBN_LIST: Final = Format(
    name="list of ISBNs",
    columns=("ISBN",),
    required=("ISBN",),
    tells=("ISBN",),
    column_of={"isbn": "ISBN"},
    read=_read,
)
