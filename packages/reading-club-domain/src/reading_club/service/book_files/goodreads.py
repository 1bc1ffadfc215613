"""The library export of Goodreads, which the club's own export has as well."""

import re
from typing import Any, Final
from uuid import UUID

from reading_club.domain.isbn import Isbn
from reading_club.service.book_files.cells import names_in, read_date, read_isbn
from reading_club.service.book_files.formats import CLUB_BOOK_ID, CLUB_RATING, Cells, Format
from reading_club.service.book_files.rows import CellRefused

COLUMNS: Final = (
    *("Book Id", "Title", "Author", "Author l-f", "Additional Authors", "ISBN", "ISBN13"),
    *("My Rating", "Average Rating", "Publisher", "Binding", "Number of Pages"),
    *("Year Published", "Original Publication Year", "Date Read", "Date Added", "Bookshelves"),
    *("Bookshelves with positions", "Exclusive Shelf", "My Review", "Spoiler", "Private Notes"),
    *("Read Count", "Owned Copies"),
)
"""The columns of Goodreads, in their order."""

MOST_STARS: Final = 5
_LINE_BREAK: Final = re.compile(r"<br\s*/?>", re.IGNORECASE)


def _read(cells: Cells) -> dict[str, Any]:
    author, review = cells["Author"], cells.get("My Review", "")
    if CLUB_BOOK_ID not in cells:  # with two spaces in some names, and HTML in reviews
        author = re.sub(" +", " ", author)
        review = _LINE_BREAK.sub("\n", review)
    exclusive = names_in(cells.get("Exclusive Shelf", ""))
    shelves = dict.fromkeys([*exclusive, *names_in(cells.get("Bookshelves", ""))])
    return {
        "title": cells["Title"],
        "authors": [author, *names_in(cells.get("Additional Authors", ""))],
        "isbn": _isbn(cells),
        "rating": _rating(cells),
        "review": review,
        "shelves": list(shelves),
        "read_on": read_date(cells.get("Date Read", ""), "Date Read"),
        "added_on": read_date(cells.get("Date Added", ""), "Date Added"),
        "book_id": _book_id(cells.get(CLUB_BOOK_ID, "")),
    }


def _isbn(cells: Cells) -> Isbn | None:
    """Return the ISBN of the first column that has a valid one. Raises CellRefused."""
    refused: CellRefused | None = None
    for column in ("ISBN13", "ISBN"):
        try:
            if isbn := read_isbn(cells.get(column, ""), column):
                return isbn
        except CellRefused as exc:
            refused = refused or exc
    if refused is not None:
        raise refused
    return None


def _rating(cells: Cells) -> int | None:
    """Return the club's own rating, else the stars, twice. No stars are no rating."""
    own = cells.get(CLUB_RATING, "").strip()
    if own:
        if not re.fullmatch("[0-9]|10", own):
            raise CellRefused(CLUB_RATING, "must be a whole number from 0 to 10")
        return int(own)
    stars = cells.get("My Rating", "").strip() or "0"
    if not re.fullmatch("[0-5]", stars):
        raise CellRefused("My Rating", f"must be a whole number from 0 to {MOST_STARS}")
    return int(stars) * 2 or None


def _book_id(text: str) -> UUID | None:
    text = text.strip()
    try:
        return UUID(text) if text else None
    except ValueError:
        raise CellRefused(CLUB_BOOK_ID, "must be as the club wrote it, or empty") from None


GOODREADS: Final = Format(
    name="Goodreads",
    columns=(
        *("Title", "Author", "Additional Authors", "ISBN", "ISBN13", "My Rating", "Date Read"),
        *("Date Added", "Bookshelves", "Exclusive Shelf", "My Review", CLUB_RATING, CLUB_BOOK_ID),
    ),
    required=("Title", "Author"),
    tells=("Title", "Author", "Book Id", "Exclusive Shelf", "My Rating", "ISBN13"),
    column_of={
        "title": "Title",
        "authors": "Author",
        "isbn": "ISBN13",
        "rating": "My Rating",
        "review": "My Review",
        "shelves": "Bookshelves",
    },
    read=_read,
    private=("Private Notes",),
)
