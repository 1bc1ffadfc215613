"""The export of StoryGraph."""

import re
from decimal import Decimal
from typing import Any, Final

from reading_club.domain.isbn import Isbn
from reading_club.service.book_files.cells import like_an_isbn, names_in, read_date, read_isbn
from reading_club.service.book_files.formats import Cells, Format
from reading_club.service.book_files.rows import CellRefused

_STARS: Final = re.compile(r"[0-5](?:[.,](?:0|00|25|5|50|75))?")
MOST_STARS: Final = 5


def _read(cells: Cells) -> dict[str, Any]:
    status = names_in(cells.get("Read Status", ""))
    return {
        "title": cells["Title"],
        "authors": names_in(cells["Authors"]),
        "isbn": _isbn(cells.get("ISBN/UID", "")),
        "rating": _rating(cells.get("Star Rating", "").strip()),
        "review": cells.get("Review", ""),
        "shelves": list(dict.fromkeys([*status, *names_in(cells.get("Tags", ""))])),
        "read_on": read_date(cells.get("Last Date Read", ""), "Last Date Read"),
        "added_on": read_date(cells.get("Date Added", ""), "Date Added"),
    }


def _isbn(text: str) -> Isbn | None:
    """Return the ISBN, or None for another number of a book. Raises CellRefused."""
    isbn_or_rounded = like_an_isbn(text) or "E+" in text.upper()
    return read_isbn(text, "ISBN/UID") if isbn_or_rounded else None


def _rating(text: str) -> int | None:
    """Return twice the stars, a half rounded up. No stars are no rating. Raises CellRefused."""
    if not text:
        return None
    stars = Decimal(text.replace(",", ".")) if _STARS.fullmatch(text) else None
    if stars is None or stars > MOST_STARS:
        raise CellRefused("Star Rating", f"must be from 0.25 to {MOST_STARS}, in quarters")
    return int(stars * 2 + Decimal("0.5")) or None


STORYGRAPH: Final = Format(
    name="StoryGraph",
    columns=(
        *("Title", "Authors", "ISBN/UID", "Read Status", "Date Added", "Last Date Read"),
        *("Star Rating", "Review", "Tags"),
    ),
    required=("Title", "Authors"),
    tells=("Authors", "ISBN/UID", "Read Status", "Star Rating"),
    column_of={
        "title": "Title",
        "authors": "Authors",
        "isbn": "ISBN/UID",
        "rating": "Star Rating",
        "review": "Review",
        "shelves": "Tags",
    },
    read=_read,
)
