"""How books are searched: what is looked through, and what is looked for."""

from reading_club.domain.isbn import InvalidIsbn, Isbn
from reading_club.domain.model import Book
from reading_club.domain.text import fold


def searchable(book: Book) -> str:
    """Return the text of a book that a search looks through."""
    isbn = book.isbn
    return fold(f"{book.title}\n{book.author}\n{isbn.canonical}\n{isbn.hyphenated}")


def needle(query: str) -> str:
    """Return what must occur in the searchable text: an ISBN in any spelling, or a folded text."""
    try:
        return Isbn(query).canonical
    except InvalidIsbn:
        return fold(query.strip())
