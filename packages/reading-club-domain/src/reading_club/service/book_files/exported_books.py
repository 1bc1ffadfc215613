"""The club's books as a file in the format of Goodreads, with columns of the club at its end."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from reading_club.domain.model import Book, Review
from reading_club.service.book_files.cells import guarded, isbn_10, isbn_text, quoted_number
from reading_club.service.book_files.csv_records import csv_line
from reading_club.service.book_files.formats import CLUB_BOOK_ID, CLUB_RATING
from reading_club.service.book_files.goodreads import COLUMNS
from reading_club.service.imports.own_books import OwnBook

EXPORT_COLUMNS: Final = (*COLUMNS, CLUB_RATING, CLUB_BOOK_ID)
HEADER: Final = csv_line(EXPORT_COLUMNS)
READ, TO_READ = "read", "to-read"
EXCLUSIVE: Final = (READ, "currently-reading", TO_READ)
"""Goodreads' shelves of which a book is on exactly one."""


@dataclass(frozen=True)
class ExportedBook:
    """A book of the shelf with the member's own review, shelves and dates, if there are any."""

    book: Book
    review: Review | None = None
    own: OwnBook = field(default_factory=OwnBook)

    @property
    def exclusive_shelf(self) -> str:
        """The one shelf of Goodreads' three that the book is on: a reviewed one was read."""
        if self.review is not None:
            return READ
        return next((name for name in self.own.shelves if name in EXCLUSIVE), TO_READ)

    @property
    def shelves(self) -> str:
        """All shelves, but the one of read books, which Goodreads does not name."""
        names = dict.fromkeys([self.exclusive_shelf, *self.own.shelves])
        return ", ".join(name for name in names if name != READ)


def stars(rating: int) -> int:
    """Return Goodreads' stars, 1 to 5, for a rating, a half rounded up. The worst is one star.

    Goodreads has no half stars, and takes 0 stars for no rating.
    """
    return max(1, (rating + 1) // 2)


def _date(day: date | None) -> str:
    return "" if day is None else f"{day:%Y/%m/%d}"


def export_line(exported: ExportedBook) -> str:
    """Return the row of a book. Reading it gives the same, but for fractions of stars."""
    book, review, own = exported.book, exported.review, exported.own
    cells = dict.fromkeys(EXPORT_COLUMNS, "") | {
        "Title": book.title,
        "Author": book.author,
        "ISBN": quoted_number(isbn_10(book.isbn)),
        "ISBN13": quoted_number(isbn_text(book.isbn)),
        "My Rating": "0" if review is None else str(stars(review.rating)),
        "Date Read": _date(own.read_on),
        "Date Added": _date(own.added_on),
        "Bookshelves": exported.shelves,
        "Exclusive Shelf": exported.exclusive_shelf,
        "My Review": "" if review is None else review.comment,
        CLUB_RATING: "" if review is None else str(review.rating),
        CLUB_BOOK_ID: str(book.id),
    }
    return csv_line(guarded(cell) for cell in cells.values())
