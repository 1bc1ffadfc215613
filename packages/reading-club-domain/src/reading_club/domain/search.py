"""How books are searched: what is looked through, and what is looked for."""

import re
from contextlib import suppress
from typing import Final

from reading_club.domain.isbn import InvalidIsbn, Isbn
from reading_club.domain.model import Book
from reading_club.domain.text import fold

_PART_OF_AN_ISBN: Final = re.compile("[0-9]+(?:-[0-9]*)+")
_HYPHENS: Final = str.maketrans("", "", "-")


def searchable(book: Book) -> str:
    """Return the text of a book that a search looks through."""
    return fold(f"{book.title}\n{book.author}\n{book.isbn.canonical}")


def needles(query: str) -> tuple[str, ...]:
    """Return what of which one must occur in the searchable text.

    It is an ISBN in any spelling, or the folded text; if that may be a part of an ISBN, also
    without its hyphens.
    """
    with suppress(InvalidIsbn):
        return (Isbn(query).canonical,)
    text = fold(query.strip())
    if _PART_OF_AN_ISBN.fullmatch(text):
        return text, text.translate(_HYPHENS)
    return (text,)
