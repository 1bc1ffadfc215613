"""Reading the library export of Goodreads."""

import io
from datetime import date

import pytest

from reading_club.domain.isbn import Isbn
from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.rows import Rejection, Row

GOODREADS = (
    "Book Id,Title,Author,Author l-f,Additional Authors,ISBN,ISBN13,My Rating,Average Rating,"
    "Publisher,Binding,Number of Pages,Year Published,Original Publication Year,Date Read,"
    "Date Added,Bookshelves,Bookshelves with positions,Exclusive Shelf,My Review,Spoiler,"
    "Private Notes,Read Count,Owned Copies\n"
)


def read(text: str | bytes) -> list[Row | Rejection]:
    """Return what is read from a file with this content."""
    return list(BookFile(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def goodreads(**cells: str) -> str:
    """Return a file of Goodreads with one row, whose other cells are usual ones."""
    usual = {
        "Title": "Good Omens",
        "Author": "Terry Pratchett",
        "ISBN": '"=""0321125215"""',
        "ISBN13": '"=""9780321125217"""',
        "My Rating": "4",
        "Exclusive Shelf": "read",
    }
    given = {**usual, **{name.replace("_", " "): cell for name, cell in cells.items()}}
    return GOODREADS + ",".join(given.get(c, "") for c in GOODREADS.strip().split(",")) + "\n"


def only(text: str) -> Row:
    """Return the only row of a file."""
    (row,) = read(text)
    assert isinstance(row, Row), row
    return row


def rejected(text: str) -> Rejection:
    """Return the only rejection of a file."""
    (row,) = read(text)
    assert isinstance(row, Rejection), row
    return row


def test_a_row_of_goodreads_is_read() -> None:
    """Each column that matters becomes a field; the private notes do not."""
    file = goodreads(
        Author="J.R.R.  Tolkien",
        Additional_Authors='"Alan  Lee, Ted Nasmith"',
        My_Rating="5",
        Date_Read="2023/05/17",
        Date_Added="2022/01/02",
        Bookshelves='"fantasy, read, favourites"',
        My_Review='"One<br/>two <br /><b>three</b>, and ""four"""',
        Private_Notes="lent to Ann",
    )

    row = only(file)

    assert row == Row(
        line=2,
        title="Good Omens",
        authors=("J.R.R. Tolkien", "Alan Lee", "Ted Nasmith"),
        isbn=Isbn("9780321125217"),
        rating=10,
        review='One\ntwo \n<b>three</b>, and "four"',
        shelves=("read", "fantasy", "favourites"),
        read_on=date(2023, 5, 17),
        added_on=date(2022, 1, 2),
    )
    assert "lent" not in row.model_dump_json()


@pytest.mark.parametrize(("stars", "rating"), [("0", None), ("", None), ("1", 2), ("5", 10)])
def test_stars_of_goodreads_are_doubled(stars: str, rating: int | None) -> None:
    """Five stars are 10 of 10, and no star is no rating."""
    assert only(goodreads(My_Rating=stars)).rating == rating


def test_a_book_without_an_isbn_needs_title_and_author() -> None:
    """Goodreads writes an empty formula where there is no ISBN."""
    empty = '"="""""'

    assert only(goodreads(ISBN=empty, ISBN13=empty)).isbn is None
    assert rejected(goodreads(ISBN=empty, ISBN13=empty, Author="")).field == "Author"
    assert rejected(goodreads(Title=" ")).reason == "must not be empty"


def test_the_other_column_is_read_if_an_isbn_is_wrong() -> None:
    """The ISBN counts if a sheet has rounded the ISBN-13."""
    row = only(goodreads(ISBN13="9.78032E+12"))

    assert row.isbn == "9780321125217"


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("ISBN13", "9780321125218", "is no ISBN: the check digit of the ISBN is wrong"),
        ("ISBN13", "9.78032E+12", "was rounded by a spreadsheet: its last digits are lost"),
        ("My Rating", "6", "must be a whole number from 0 to 5"),
        ("My Rating", "4.5", "must be a whole number from 0 to 5"),
        ("Date Read", "5/17/2023", "must be a date such as 2024/05/17"),
        ("Date Added", "2023/02/30", "must be a date such as 2024/05/17"),
        ("Title", "x" * 301, "must not be longer than 300 characters"),
        ("Author", "x" * 201, "must not be longer than 200 characters"),
        ("My Review", "x" * 5_001, "must not be longer than 5,000 characters"),
        ("Title", "a\x07bell", "must not contain control characters"),
        ("My Review", "a\u202eb", "must not contain control characters"),
        ("Bookshelves", "a\x07bell", "must not contain control characters"),
    ],
)
def test_a_wrong_cell_is_named(column: str, cell: str, reason: str) -> None:
    """The rejection has the line, the column as it is in the file, and the reason in words."""
    rejection = rejected(goodreads(**{"ISBN": "", column: cell}))

    assert (rejection.line, rejection.field, rejection.reason) == (2, column, reason)
    assert str(rejection) == f"line 2: {column} {reason}"


@pytest.mark.parametrize("text", ["2023", "2023/05", ""])
def test_a_part_of_a_date_is_no_date(text: str) -> None:
    """A year alone is no reason to reject a book, and no day is invented."""
    assert only(goodreads(Date_Read=text)).read_on is None


def test_many_authors_fit_a_book() -> None:
    """Whole names are left out at the end, and the first one stays."""
    row = Row(line=2, title="t", authors=tuple(f"Author Number {n}" for n in range(40)))
    long = Row(line=2, title="t", authors=("a" * 200, "b"))

    assert len(row.author) <= 200
    assert row.author.startswith("Author Number 0, Author Number 1, ")
    assert row.author.endswith(" and others")
    assert long.author == "a" * 200
