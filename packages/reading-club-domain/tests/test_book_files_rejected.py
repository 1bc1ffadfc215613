"""Rejected rows as a file to mend, and the club's own columns."""

import csv
import io

import pytest

from reading_club.service.book_files.book_file import BookFile
from reading_club.service.book_files.formats import CLUB_BOOK_ID, CLUB_RATING, REASON
from reading_club.service.book_files.rejected_rows import rejected_csv
from reading_club.service.book_files.rows import Rejection, Row


def read(text: str) -> list[Row | Rejection]:
    """Return what is read from a file of this text."""
    return list(BookFile(io.BytesIO(text.encode())))


def test_rejected_rows_are_mended_and_read() -> None:
    """The file has the same columns and a reason, and no private notes; formulas are guarded."""
    content = (
        "Private Notes;Title;Author;ISBN13;My Review;Other\n"
        "secret;=cmd();a;9780321125218;x<br/>y;'-1\n"
        'secret;"torn;a;;;\n'
    )
    file = BookFile(io.BytesIO(content.encode()))
    rejections = [row for row in file if isinstance(row, Rejection)]

    text = "".join(rejected_csv(file.header, rejections))

    header, first, second = csv.reader(io.StringIO(text))
    assert header == [*("Private Notes", "Title", "Author", "ISBN13", "My Review", "Other", REASON)]
    wrong = "line 2: ISBN13 is no ISBN: the check digit of the ISBN is wrong"
    assert first == ["", "'=cmd()", "a", "9780321125218", "x<br/>y", "''-1", wrong]
    assert second[:-1] == [""] * 6
    assert second[-1].startswith("line 3: has a quote that is not closed")
    assert "secret" not in text

    mended, torn = read(text.replace("9780321125218", "9780321125217"))
    assert isinstance(mended, Row)
    assert (mended.title, mended.review) == ("=cmd()", "x\ny")
    assert isinstance(torn, Rejection)


def test_rejected_rows_can_be_rejected_again() -> None:
    """The column of the reason is written once, and the cells stay as they were."""
    content = "Title,Author,ISBN,Other\n=a,b,0321125216,'=c\n"
    texts = [content]
    for _ in range(3):
        file = BookFile(io.BytesIO(texts[-1].encode()))
        rejections = [row for row in file if isinstance(row, Rejection)]
        texts.append("".join(rejected_csv(file.header, rejections)))

    assert texts[1] == texts[2] == texts[3]
    assert texts[1].startswith(f"Title,Author,ISBN,Other,{REASON}\r\n'=a,b,0321125216,''=c,")


@pytest.mark.parametrize("rating", ["11", "-1", "3.5", "x"])
def test_a_wrong_rating_of_the_club_is_rejected(rating: str) -> None:
    """The club's own column counts, also where the stars would do."""
    (row,) = read(f"Title,Author,My Rating,{CLUB_RATING}\na,b,3,{rating}\n")

    assert isinstance(row, Rejection)
    assert row.field == CLUB_RATING


def test_the_club_s_rating_comes_before_the_stars() -> None:
    """An empty one leaves it to the stars."""
    own, stars_only = read(f"Title,Author,My Rating,{CLUB_RATING}\na,b,4,7\na,b,4,\n")

    assert [getattr(row, "rating", None) for row in (own, stars_only)] == [7, 8]


def test_a_wrong_id_of_a_book_is_rejected() -> None:
    """It is the club's own, so that no other text is expected."""
    (row,) = read(f"Title,Author,{CLUB_BOOK_ID}\na,b,17\n")

    assert isinstance(row, Rejection)
    assert row.field == CLUB_BOOK_ID
