"""Rejected rows as a file, to be mended and imported again."""

from collections.abc import Iterable, Iterator

from reading_club.service.book_files.cells import guarded
from reading_club.service.book_files.csv_records import csv_line
from reading_club.service.book_files.formats import REASON, key_of
from reading_club.service.book_files.header import Header
from reading_club.service.book_files.rows import Rejection


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
