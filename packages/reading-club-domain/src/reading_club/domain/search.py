"""The search for books: the indexed text of a book, and the terms of a query."""

import re
from contextlib import suppress
from typing import Final

from reading_club.domain.isbn import InvalidIsbn, Isbn
from reading_club.domain.model import Book
from reading_club.domain.text import casefold_unaccented

_PART_OF_AN_ISBN: Final = re.compile("[0-9]+(?:-[0-9]*)+")
_HYPHENS: Final = str.maketrans("", "", "-")


def search_text(book: Book) -> str:
    """Return the indexed text: title, author and ISBN, without case and accents."""
    return casefold_unaccented(f"{book.title}\n{book.author}\n{book.isbn.canonical}")


def search_terms(query: str) -> tuple[str, ...]:
    """Return the search terms. A book is found if its indexed text contains one of them.

    A query that is an ISBN gives its thirteen digits, any other its folded text; if that may be
    a part of an ISBN, also the text without hyphens.
    """
    with suppress(InvalidIsbn):
        return (Isbn(query).canonical,)
    text = casefold_unaccented(query.strip())
    if _PART_OF_AN_ISBN.fullmatch(text):
        return text, text.translate(_HYPHENS)
    return (text,)
