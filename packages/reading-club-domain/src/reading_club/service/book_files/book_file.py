"""Reading files of books: a row or a rejection at a time, whatever the size of the file."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from reading_club.service.book_files.cells import unguarded
from reading_club.service.book_files.csv_records import Record, Records
from reading_club.service.book_files.file_lines import Lines
from reading_club.service.book_files.header import Header, read_header
from reading_club.service.book_files.rows import CellRefused, FileRefused, Rejection, Row

MOST_ROWS: Final = 200_000

_REASONS: Final[Mapping[str, str]] = {
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length:,} characters",
}


class BookFile:
    """An open file whose header was read. Iterate over it once.

    Raises FileRefused, when it is made and while it is iterated over: rows that came before are
    no reason to take a part of the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._lines = Lines(file)
        first = self._lines.first()
        self.header: Header = read_header(first)
        if self.header.is_missing:
            self._lines.give_back(first)
        self._records = Records(self._lines, self.header.separator)

    @property
    def format(self) -> str:
        """The name of the format, such as Goodreads."""
        return self.header.format.name

    def __iter__(self) -> Iterator[Row | Rejection]:
        """Return each row as a Row or a Rejection, in their order. Raises FileRefused."""
        return (read_row(self.header, record) for record in self.records())

    def records(self) -> Iterator[Record]:
        """Return the cells of each row, as ``read_row`` takes them. Raises FileRefused."""
        number = 0
        for number, record in enumerate(self._records, start=1):
            if number > MOST_ROWS:
                raise FileRefused("too-many-rows", most=MOST_ROWS)
            yield self._fitted(record)
        if not number:
            raise FileRefused("no-row")

    def _fitted(self, record: Record) -> Record:
        """Return the row with as many cells as the header has, and without quotes of the club."""
        cells, expected = record.cells, len(self.header.columns)
        if record.problem:
            return record
        while len(cells) > expected and not cells[-1]:
            cells = cells[:-1]
        if len(cells) != expected:
            found = f"has {len(record.cells)} cells, and the header has {expected}"
            return Record(record.line, problem=found)
        return Record(
            record.line, tuple(map(unguarded, cells)) if self.header.is_guarded else cells
        )


def read_row(header: Header, record: Record) -> Row | Rejection:
    """Return the row with these cells, or why it is rejected."""
    if record.problem:
        return Rejection(record.line, "", record.problem)
    try:
        fields = header.format.read(header.cells(record.cells))
        return Row.model_validate({"line": record.line, **fields})
    except CellRefused as exc:
        column, reason = exc.column, exc.reason
    except ValidationError as exc:
        column, reason = _reason(header, exc)
    return Rejection(record.line, column, reason, header.kept(record.cells))


def _reason(header: Header, error: ValidationError) -> tuple[str, str]:
    """Return the column and the reason of the first error."""
    first: dict[str, Any] = {**error.errors(include_input=False, include_url=False)[0]}
    field = str(first["loc"][0])
    words = _REASONS.get(first["type"])
    reason = words.format_map(first["ctx"]) if words else str(first["msg"])
    return header.format.column_of.get(field, field), reason
