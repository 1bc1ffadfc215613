"""The club's own file, and files of rejected rows: what was written is read again."""

import csv
import io
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Book, Review
from reading_club.domain.text import Author, Comment, Title
from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.cells import guarded, isbn_text, unguarded
from reading_club.service.book_files.exported_books import HEADER, ExportedBook, export_line, stars
from reading_club.service.book_files.formats import CLUB_BOOK_ID, CLUB_RATING
from reading_club.service.book_files.goodreads import COLUMNS
from reading_club.service.book_files.rows import Rejection, Row
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_isbn

FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001  # sheets take them for = + - @
ODD = st.text(alphabet="'=+-@\t\n\r;,\"<br/>ab＝ ", max_size=30)  # noqa: RUF001
EXAMPLES = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(text: str) -> list[Row | Rejection]:
    """Return what is read from a file of this text."""
    return list(BookFile(io.BytesIO(text.encode())))


def valid(kind: Any, text: str, otherwise: str) -> str:
    """Return the text as the club stores it, or another one if the club refuses it."""
    try:
        stored: str = TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return otherwise
    return stored


@EXAMPLES
@given(ODD)
def test_a_guard_is_taken_away_again(text: str) -> None:
    """Whatever the text is, also if it begins with quotes, or is guarded already."""
    assert unguarded(guarded(text)) == text
    assert unguarded(guarded(guarded(text))) == guarded(text)


@EXAMPLES
@given(ODD)
def test_no_sheet_takes_a_guarded_text_for_a_formula(text: str) -> None:
    """Neither at its start, nor behind what separates cells in another country's settings."""
    for piece in guarded(text).replace("\t", ";").replace("\n", ";").replace("\r", ";").split(";"):
        assert not piece.startswith(FORMULA)


def test_only_what_needs_a_guard_has_one() -> None:
    """Goodreads' own spelling of an ISBN, and usual texts, are unchanged."""
    assert guarded("'Salem's Lot") == "'Salem's Lot"
    assert guarded('="9780321125217"') == '="9780321125217"'
    assert guarded("-- a title") == "'-- a title"
    assert guarded("'=1") == "''=1"
    assert guarded('="1"&A1') == '\'="1"&A1'


@EXAMPLES
@given(
    title=ODD | st.text(max_size=40),
    author=ODD,
    comment=ODD | st.text(max_size=40),
    rating=st.none() | st.integers(0, 10),
    number=st.none() | st.integers(0, 10**9 - 1),
)
def test_an_export_is_read_as_it_was(
    title: str, author: str, comment: str, rating: int | None, number: int | None
) -> None:
    """Title, author, ISBN, rating, words and id are equal after export and import."""
    book = Book.reconstitute(
        id=UUID(int=7),
        title=valid(Title, title, "A title"),
        author=valid(Author, author, "An author"),
        isbn=an_isbn(number or 0).canonical,
    )
    review = None
    if rating is not None:
        words = valid(Comment, comment, "")
        review = Review(id=book.id, book_id=book.id, reviewer_id=book.id, rating=rating)
        review = Review.reconstitute(**{**review.model_dump(), "comment": words})

    (row,) = read(HEADER + export_line(ExportedBook(book, review)))

    assert isinstance(row, Row), row
    assert (row.title, row.author, row.isbn, row.book_id) == (
        book.title,
        book.author,
        isbn_text(book.isbn),
        book.id,
    )
    assert (row.rating, row.review) == (rating, review.comment if review else "")
    again = HEADER + export_line(ExportedBook(book, review))
    assert read(again) == [row]


def test_an_export_has_the_columns_of_goodreads_first() -> None:
    """In Goodreads' order; the club's own are at the end."""
    assert next(csv.reader([HEADER])) == [*COLUMNS, CLUB_RATING, CLUB_BOOK_ID]
    assert len(COLUMNS) == 24


def test_an_exported_book_has_what_goodreads_reads() -> None:
    """Both ISBNs as formulas, whole stars, and a shelf."""
    book = a_book(isbn="9780321125217")
    review = a_review(book=book, reviewer=a_reviewer(), rating=7, comment="Good,\nso far")
    new, old = (
        dict(zip(COLUMNS, next(csv.reader(io.StringIO(export_line(each)))), strict=False))
        for each in (ExportedBook(book), ExportedBook(book, review))
    )

    assert (new["ISBN"], new["ISBN13"]) == ('="0321125215"', '="9780321125217"')
    assert (new["My Rating"], new["Exclusive Shelf"], new["Bookshelves"]) == (
        "0",
        "to-read",
        "to-read",
    )
    assert (old["My Rating"], old["Exclusive Shelf"], old["Bookshelves"]) == ("4", "read", "")
    assert old["My Review"] == "Good,\nso far"


def test_stars_are_rounded_up_to_whole_ones() -> None:
    """The worst rating is one star, as Goodreads takes no star for no rating."""
    assert [stars(rating) for rating in range(11)] == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_a_book_of_france_has_no_isbn_10() -> None:
    """Numbers that begin with 979 have none; the cell is empty, as it is for no ISBN at all."""
    line = export_line(ExportedBook(a_book(isbn="9791032305690")))

    cells = dict(zip(COLUMNS, next(csv.reader([line])), strict=False))
    assert (cells["ISBN"], cells["ISBN13"]) == ('=""', '="9791032305690"')
    assert isbn_text(None) == ""


def test_a_stored_isbn_that_is_none_is_written_as_it_is() -> None:
    """Rows of older releases are no reason for an export to fail; they are no formula."""
    book = Book.reconstitute(id=UUID(int=1), title="t", author="a", isbn=Isbn.as_stored('1"&cmd&"'))

    cells = next(csv.reader([export_line(ExportedBook(book))]))
    assert cells[COLUMNS.index("ISBN13")] == '\'="1"&cmd&""'
