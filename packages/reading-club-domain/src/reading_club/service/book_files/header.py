"""The first line of a file: which format it has, and where its columns are."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reading_club.service.book_files.formats import (
    CLUB_BOOK_ID,
    CLUB_RATING,
    REASON,
    Cells,
    Format,
    key_of,
)
from reading_club.service.book_files.goodreads import COLUMNS, GOODREADS
from reading_club.service.book_files.isbn_list import ISBN_LIST, begins_with_an_isbn
from reading_club.service.book_files.rows import FileRefused
from reading_club.service.book_files.storygraph import STORYGRAPH

SEPARATORS: Final = (",", ";", "\t")
_KNOWN: Final = frozenset(
    key_of(column)
    for column in (*COLUMNS, *GOODREADS.columns, *STORYGRAPH.columns, *ISBN_LIST.columns, REASON)
)
_GUARDED: Final = frozenset(key_of(column) for column in (CLUB_BOOK_ID, CLUB_RATING, REASON))


@dataclass(frozen=True)
class Header:
    """The columns of a file."""

    format: Format
    separator: str
    columns: tuple[str, ...]
    """As they are written in the file."""
    positions: Mapping[str, int]
    """Where the known columns are, by their names in the format."""
    private: frozenset[int]
    """Positions of columns that are not kept."""
    is_guarded: bool
    """Whether the club wrote the file, with quotes before formulas."""
    is_missing: bool = False
    """Whether the first line is a row."""

    def cells(self, row: Sequence[str]) -> Cells:
        """Return the cells of the known columns."""
        return {name: row[position] for name, position in self.positions.items()}

    def kept(self, row: Sequence[str]) -> tuple[str, ...]:
        """Return the row without private notes."""
        return tuple("" if at in self.private else cell for at, cell in enumerate(row))


def read_header(line: str) -> Header:
    """Return the header in the first line. Raises FileRefused."""
    if begins_with_an_isbn(line):
        return _header(ISBN_LIST, "," if ";" not in line else ";", ISBN_LIST.columns, missing=True)
    separator, columns = _split(line)
    keys = [key_of(column) for column in columns]
    found = _format(frozenset(keys))
    repeated = {columns[at] for at, key in enumerate(keys) if key and keys.count(key) > 1}
    if repeated:
        raise FileRefused("repeated-columns", columns=_list(sorted(repeated)))
    absent = [column for column in found.required if key_of(column) not in keys]
    if absent:
        raise FileRefused("absent-columns", format=found.name, columns=_list(absent))
    return _header(found, separator, columns)


def _split(line: str) -> tuple[str, tuple[str, ...]]:
    """Return the separator that gives the most known columns, and the columns."""
    found = {separator: _columns(line, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda each: sum(key_of(c) in _KNOWN for c in found[each]))
    return best, found[best]


def _columns(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(cell.strip() for cell in next(csv.reader([line], delimiter=separator)))
    except csv.Error:
        return ()


def _format(keys: frozenset[str]) -> Format:
    if keys <= {key_of(ISBN_LIST.columns[0]), key_of(REASON), ""} and key_of("ISBN") in keys:
        return ISBN_LIST
    for each in (STORYGRAPH, GOODREADS):
        if any(key_of(column) in keys for column in each.tells):
            return each
    raise FileRefused("unknown-columns")


def _header(
    format: Format, separator: str, columns: tuple[str, ...], *, missing: bool = False
) -> Header:
    keys = [key_of(column) for column in columns]
    known = {name: keys.index(key_of(name)) for name in format.columns if key_of(name) in keys}
    private = {key_of(name) for name in format.private}
    return Header(
        format=format,
        separator=separator,
        columns=columns,
        positions=known,
        private=frozenset(at for at, key in enumerate(keys) if key in private),
        is_guarded=any(key in _GUARDED for key in keys),
        is_missing=missing,
    )


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
