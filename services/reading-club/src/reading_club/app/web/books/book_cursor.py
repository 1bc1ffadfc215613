"""The parameters of lists of books: order and cursor."""

from typing import Annotated

from fastapi import Query
from fastapi.exceptions import RequestValidationError

from reading_club.service.book_pages import LONGEST_CURSOR, BookCursor, BookOrder, InvalidCursor

Order = Annotated[
    BookOrder,
    Query(description="`best`: by the ratings, a book with few of them being drawn to the middle"),
]
CursorText = Annotated[
    str | None,
    Query(
        description="`next_cursor` of the page before, in the same order; none for the first page",
        max_length=LONGEST_CURSOR,
    ),
]


def read_cursor(text: str | None, order: BookOrder) -> BookCursor | None:
    """Read a cursor of this order. Raises RequestValidationError."""
    if text is None:
        return None
    try:
        cursor = BookCursor.parse(text)
    except InvalidCursor as exc:
        raise _refusal(text, str(exc)) from exc
    if cursor.order != order:
        raise _refusal(text, f"a cursor of the order {cursor.order}")
    return cursor


def _refusal(text: str, reason: str) -> RequestValidationError:
    error = {"type": "cursor", "loc": ("query", "cursor"), "msg": reason, "input": text}
    return RequestValidationError([error])
