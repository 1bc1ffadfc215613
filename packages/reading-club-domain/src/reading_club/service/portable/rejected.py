"""Rejected rows as a file, to be mended and imported again."""

import csv
import io
from collections.abc import Iterable, Iterator

from reading_club.service.portable.cells import guarded
from reading_club.service.portable.formats import REASON, key_of
from reading_club.service.portable.header import Header
from reading_club.service.portable.rows import Rejection

LINE_END = "\r\n"
"""As RFC 4180 has it. Python quotes a text with either character of it."""


def csv_line(cells: Iterable[str]) -> str:
    """Return a row of a CSV file, with its line end."""
    text = io.StringIO()
    csv.writer(text, lineterminator=LINE_END).writerow(cells)
    return text.getvalue()


def rejected_csv(header: Header, rejections: Iterable[Rejection]) -> Iterator[str]:
    """Return the lines of a CSV file: the header of the file that was read, and a reason a row.

    Rows that cannot be taken apart have the reason alone, which names their lines. Cells that a
    spreadsheet would calculate have a quote before them, which is taken away when they are read.
    """
    columns = [column for column in header.columns if key_of(column) != key_of(REASON)]
    places = [header.columns.index(column) for column in columns]
    yield csv_line([*map(guarded, columns), REASON])
    for rejection in rejections:
        cells = rejection.cells or ("",) * len(header.columns)
        yield csv_line([*(guarded(cells[place]) for place in places), guarded(str(rejection))])
