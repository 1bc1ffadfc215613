"""Files that are no lists of books, too large, or broken: each has its clear answer."""

import gzip
import io
import zipfile

import pytest

from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.file_lines import LONGEST_LINE
from reading_club.service.book_files.rows import FileRefused, Rejection, Row

HEADER = "Title,Author,ISBN,My Review\n"


def read(content: bytes | str) -> list[Row | Rejection]:
    """Return what is read from a file with this content."""
    return list(BookFile(io.BytesIO(content.encode() if isinstance(content, str) else content)))


def refusal(content: bytes | str) -> str:
    """Return why the file is refused."""
    with pytest.raises(FileRefused) as refused:
        read(content)
    return str(refused.value)


def titles(content: bytes | str) -> list[tuple[int, str | None]]:
    """Return line and title of each row; the title is None for a rejection."""
    return [(row.line, row.title if isinstance(row, Row) else None) for row in read(content)]


def a_zip(*names: str) -> bytes:
    """Return an archive with files of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, HEADER)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (HEADER.encode(), "a header, but no row"),
        (a_zip("library.csv"), "this is a ZIP archive: unpack it, and import the CSV file in it"),
        (a_zip("[Content_Types].xml", "xl/workbook.xml"), "this is an Excel file"),
        (gzip.compress(b"0" * 10_000_000), "this is a gzip archive"),
        (b"%PDF-1.7\n", "this is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Excel file"),
        (HEADER.encode("utf-16"), "in UTF-16"),
        (HEADER.encode("utf-16-le"), "in UTF-16"),
        (HEADER.encode("utf-16-be"), "in UTF-16"),
        (b"\x7fELF\x02\x01\0\0", "no text file"),
        (b"<!DOCTYPE html><html>", "this is a web page"),
        (b"Title,Author\rx,y\r", "the lines end with CR alone"),
        (b"x" * (LONGEST_LINE + 1), "line 1 is longer than 100,000 bytes"),
        ("name,year\nx,1\n", "the columns are not known"),
        ("\n", "the columns are not known"),
        ("Title,ISBN,My Rating\nx,,\n", "a file of Goodreads needs more columns: Author"),
        ("Read Status,Tags\nx,\n", "a file of StoryGraph needs more columns: Title, Authors"),
        ("Title,Author,title\nx,y,z\n", "several columns of one name: Title, title"),
        (HEADER.encode() + "é,b,,\n".encode("cp1252"), "line 2 is not in UTF-8"),
        (HEADER.encode() + b"\xed\xa0\x80,b,,\n", "line 2 is not in UTF-8"),
    ],
)
def test_a_file_of_another_kind_is_refused(content: bytes | str, words: str) -> None:
    """The reason says what the file is, and what to do."""
    assert words in refusal(content)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_marks_and_line_ends_are_found_out(separator: str, mark: str, end: str) -> None:
    """By the header. A text may have the other separators."""
    rows = [f'Title{separator}"Author"', f'one{separator}"a,b;c"', ""]

    (row,) = read(mark + end.join(rows))

    assert isinstance(row, Row)
    assert (row.line, row.title, row.authors) == (2, "one", ("a,b;c",))


def test_a_row_begins_on_the_line_of_its_first_cell() -> None:
    """Texts in quotes have line breaks; blank lines and rows count, and are left out."""
    content = f'{HEADER}one,a,,"x\n\ny"\n\n,,,\ntwo,b,,"z\n"\nthree,c,,\n'

    assert titles(content) == [(2, "one"), (7, "two"), (9, "three")]


def test_a_quote_that_is_not_closed_spoils_few_rows() -> None:
    """The next quote shows it, and the rows behind are read."""
    content = f'{HEADER}one,a,,\ntwo,"b,,\n"three",c,,\nfour,d,,\n'

    assert titles(content) == [(2, "one"), (3, None), (5, "four")]
    (_, rejection, _) = read(content)
    assert isinstance(rejection, Rejection)
    assert "a quote that is not closed" in rejection.reason
    assert "left out up to line 4" in rejection.reason


def test_a_quote_that_is_not_closed_at_all_is_rejected() -> None:
    """A cut file gives no half book."""
    (one, rejection) = read(f'{HEADER}one,a,,\ntwo,"b')

    assert isinstance(one, Row)
    assert isinstance(rejection, Rejection)
    assert (rejection.line, rejection.cells) == (3, ())
    assert "not closed up to the end of the file" in rejection.reason


@pytest.mark.parametrize("row", ["two,b", "two,b,,,,x"])
def test_a_row_needs_as_many_cells_as_the_header(row: str) -> None:
    """The last row of a cut file has fewer. Empty ones at the end do not count."""
    (rejection, more) = read(f"{HEADER}{row}\nthree,c,,,,\n")

    assert isinstance(rejection, Rejection)
    assert "cells, and the header has 4" in rejection.reason
    assert isinstance(more, Row)


def test_a_nul_character_rejects_its_row() -> None:
    """Also in a column that is not read."""
    assert titles(f"{HEADER}one,a,,\0\ntwo,b,,\n") == [(2, None), (3, "two")]
