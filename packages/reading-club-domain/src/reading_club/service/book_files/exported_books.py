"""The club's books as a file in the format of Goodreads, with columns of the club at its end."""

from dataclasses import dataclass
from typing import Final

from reading_club.domain.model import Book, Review
from reading_club.service.book_files.cells import guarded, isbn_10, isbn_text, quoted_number
from reading_club.service.book_files.csv_records import csv_line
from reading_club.service.book_files.formats import CLUB_BOOK_ID, CLUB_RATING
from reading_club.service.book_files.goodreads import COLUMNS

EXPORT_COLUMNS: Final = (*COLUMNS, CLUB_RATING, CLUB_BOOK_ID)
HEADER: Final = csv_line(EXPORT_COLUMNS)


@dataclass(frozen=True)
class ExportedBook:
    """A book of the shelf with the member's own review, if there is one."""

    book: Book
    review: Review | None = None


def stars(rating: int) -> int:
    """Return Goodreads' stars, 1 to 5, for a rating, a half rounded up. The worst is one star.

    Goodreads has no half stars, and takes 0 stars for no rating.
    """
    return max(1, (rating + 1) // 2)


def export_line(exported: ExportedBook) -> str:
    """Return the row of a book. Reading it gives the same title, author, ISBN, rating and words."""
    book, review = exported.book, exported.review
    shelf = "to-read" if review is None else "read"
    cells = dict.fromkeys(EXPORT_COLUMNS, "") | {
        "Title": book.title,
        "Author": book.author,
        "ISBN": quoted_number(isbn_10(book.isbn)),
        "ISBN13": quoted_number(isbn_text(book.isbn)),
        "My Rating": "0" if review is None else str(stars(review.rating)),
        "Bookshelves": "" if review else shelf,
        "Exclusive Shelf": shelf,
        "My Review": "" if review is None else review.comment,
        CLUB_RATING: "" if review is None else str(review.rating),
        CLUB_BOOK_ID: str(book.id),
    }
    return csv_line(guarded(cell) for cell in cells.values())
