"""The rows of a CSV file as cells, each with the line on which it begins, and back as text."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from reading_club.service.book_files.file_lines import Lines
from reading_club.service.book_files.rows import RowRefused

LONGEST_CELL: Final = 100_000
"""Characters; the ``csv`` module has a limit of 131,072, which is one of the whole process."""

_WORDS: Final = {
    "unexpected end of data": "has a quote that is not closed up to the end of the file",
    "field larger": f"has a text of more than {LONGEST_CELL:,} characters: is a quote not closed?",
    "expected after": "has a quote that is not closed, or a single quote inside of a quoted text",
    "new-line character": "has a line break in a text without quotes",
}
LINE_END = "\r\n"
"""As RFC 4180 has it. Python quotes a text with either character of it."""


def csv_line(cells: Iterable[str]) -> str:
    """Return a row of a CSV file, with its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator=LINE_END).writerow(cells)
    return text.getvalue()


@dataclass(frozen=True)
class Record:
    """A row of a file. ``problem`` is set, and ``cells`` are empty, if it cannot be taken apart."""

    line: int
    cells: tuple[str, ...] = ()
    problem: str = ""


class Records:
    """Iterates over the rows of the lines that follow. Blank rows are left out."""

    def __init__(self, lines: Lines, separator: str) -> None:
        self._lines = lines
        self._reader = csv.reader(lines, delimiter=separator, strict=True)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Record:
        while True:
            record = self._next()
            if record.problem or any(record.cells):
                return record

    def _next(self) -> Record:
        self._lines.start_row()
        line = self._lines.number + 1
        try:
            cells = tuple(next(self._reader))
        except RowRefused as exc:
            return Record(line, problem=self._with_end(line, str(exc)))
        except csv.Error as exc:
            words = (text for part, text in _WORDS.items() if part in str(exc))
            return Record(line, problem=self._with_end(line, next(words, str(exc))))
        if any("\0" in cell for cell in cells):
            return Record(line, problem="has a NUL character")
        if any(len(cell) > LONGEST_CELL for cell in cells):
            return Record(line, problem=_WORDS["field larger"])
        return Record(line, cells)

    def _with_end(self, line: int, problem: str) -> str:
        """Return the problem, with the last line that is left out: whose it is, is not known."""
        last = self._lines.number
        return f"{problem} (left out up to line {last})" if last > line else problem
