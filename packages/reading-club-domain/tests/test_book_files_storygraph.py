"""Reading the export of StoryGraph, and lists of ISBNs."""

import io
from datetime import date

import pytest

from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.rows import Rejection, Row

STORYGRAPH = (
    "Title,Authors,Contributors,ISBN/UID,Format,Read Status,Date Added,Last Date Read,Dates Read,"
    "Read Count,Moods,Pace,Character- or Plot-Driven?,Strong Character Development?,"
    "Loveable Characters?,Diverse Characters?,Flawed Characters?,Star Rating,Review,"
    "Content Warnings,Content Warning Description,Tags,Owned?\n"
)


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


def read(text: str | bytes) -> list[Row | Rejection]:
    """Return what is read from a file with this content."""
    return list(BookFile(io.BytesIO(text.encode() if isinstance(text, str) else text)))


def storygraph(**cells: str) -> str:
    """Return a file of StoryGraph with one row."""
    usual = {"Title": "Good Omens", "Authors": "Terry Pratchett", "ISBN/UID": "9780321125217"}
    given = {**usual, **{name.replace("_", " "): cell for name, cell in cells.items()}}
    return STORYGRAPH + ",".join(given.get(c, "") for c in STORYGRAPH.strip().split(",")) + "\n"


@pytest.mark.parametrize(
    ("stars", "rating"),
    [("", None), ("0", None), ("0.25", 1), ("3.5", 7), ("3.75", 8), ("3,75", 8), ("5.0", 10)],
)
def test_stars_of_storygraph_are_doubled(stars: str, rating: int | None) -> None:
    """They come in quarters: a half of ours is rounded up."""
    assert only(storygraph(Star_Rating=f'"{stars}"')).rating == rating


def test_a_row_of_storygraph_is_read() -> None:
    """Authors and tags are lists, and the status is a shelf."""
    file = storygraph(
        Authors='"Terry Pratchett, Neil Gaiman"',
        Read_Status="did-not-finish",
        Last_Date_Read="2023/05/17",
        Date_Added="2023-05-01",
        Review='"Fun.\r\nMore <br/> fun."',
        Tags='"angels, London"',
    )

    row = only(file)

    assert row.authors == ("Terry Pratchett", "Neil Gaiman")
    assert row.author == "Terry Pratchett, Neil Gaiman"
    assert row.shelves == ("did-not-finish", "angels", "London")
    assert (row.read_on, row.added_on) == (date(2023, 5, 17), date(2023, 5, 1))
    assert row.review == "Fun.\nMore <br/> fun."


@pytest.mark.parametrize("uid", ["", "B08FHBV4ZX", "1c6d3f1e-9a35-4f0e-9df9-0d6f0f5a1b2c"])
def test_another_number_than_an_isbn_is_none(uid: str) -> None:
    """StoryGraph's column also has numbers of its own, and of shops."""
    assert only(storygraph(**{"ISBN/UID": uid})).isbn is None


@pytest.mark.parametrize("stars", ["5.1", "5.25", "6", "four", "3.33"])
def test_stars_of_storygraph_are_quarters(stars: str) -> None:
    """Others are refused with the column."""
    assert rejected(storygraph(Star_Rating=stars)).field == "Star Rating"


@pytest.mark.parametrize("heading", ["", "ISBN\n", '"isbn"\r\n', "\ufeffISBN\n"])
def test_a_list_of_isbns_is_read(heading: str) -> None:
    """One a line, in any spelling, with or without a heading; blank lines are left out."""
    first = 1 + bool(heading)
    rows = read(f"{heading}0-321-12521-5\n\nISBN 9780134494166\n9780134494167\n")

    assert [(row.line, getattr(row, "isbn", None)) for row in rows] == [
        (first, "9780321125217"),
        (first + 2, "9780134494166"),
        (first + 3, None),
    ]
    assert isinstance(rows[-1], Rejection)
    assert rows[-1].reason == "is no ISBN: the check digit of the ISBN is wrong"


def test_a_list_may_begin_with_a_wrong_isbn() -> None:
    """The format is told by how the first line looks."""
    first, second = read("9780134494167\n9780134494166")

    assert isinstance(first, Rejection)
    assert isinstance(second, Row)
