"""Pages of the shelf: orders, and cursors that go on where a page ended."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as InvalidBase64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, get_args, overload
from uuid import UUID

from reading_club.domain.model import Book

BookOrder = Literal["newest", "title", "author", "best"]
"""An order of books: the newest first, by the storage's clock, as clients may choose ids; by title;
by author, then title; the best first, by ``service.catalogue.rank_of``. Equal ones are ordered by
id."""

NEWEST: Final[BookOrder] = "newest"
ORDERS: Final[tuple[BookOrder, ...]] = get_args(BookOrder)
LONGEST_CURSOR: Final = 2_000
"""Characters of a cursor as text."""
_KEYS: Final[dict[str, tuple[type, ...]]] = {
    "title": (str,),
    "author": (str, str),
    "best": (int,),
}
_HIGHEST: Final = 2**31 - 1
_MALFORMED: Final = (InvalidBase64, ValueError, TypeError)


class InvalidCursor(ValueError):
    """The text is not a cursor of a list of books."""


@dataclass(frozen=True)
class BookCursor:
    """The place in a list after one book: its sort key, as it was when it was read, and its id.

    The list goes on there even if the book has changed since. The newest books need no key: their
    time of storage never changes, and it is looked up by the id.
    """

    order: BookOrder
    id: UUID
    key: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        """Return the cursor as text, for addresses: the id for the newest, else an opaque one."""
        if self.order == "newest":
            return str(self.id)
        text = json.dumps([self.order, str(self.id), *self.key], ensure_ascii=False)
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cursor from its text. Raises InvalidCursor."""
        if len(text) > LONGEST_CURSOR:
            raise InvalidCursor("not a cursor of books")
        try:
            return cls("newest", UUID(text))
        except ValueError:
            pass
        try:
            order, id_, *key = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            cursor = cls(order, UUID(id_), tuple(key))
            if tuple(map(type, key)) != _KEYS[order] or not all(map(_is_storable, key)):
                raise InvalidCursor("not a cursor of books")
        except (*_MALFORMED, LookupError, AttributeError, RecursionError) as exc:
            raise InvalidCursor("not a cursor of books") from exc
        return cursor


Before = UUID | BookCursor | None
"""The cursor of a page, for the newest books also the id of the last one before; None for the
first page."""


def _is_storable(key: str | int) -> bool:
    if isinstance(key, int):
        return 0 <= key <= _HIGHEST
    return "\x00" not in key and key == key.encode("utf-8", "ignore").decode()


def cursor_of(order: BookOrder, before: Before) -> BookCursor | None:
    """Return the cursor of a list in this order; an id is one of the newest books.

    Raises ValueError for the cursor of another order.
    """
    cursor = BookCursor("newest", before) if isinstance(before, UUID) else before
    if cursor is not None and cursor.order != order:
        raise ValueError(f"a cursor of the order {cursor.order}, not {order}")
    return cursor


class BookPage(Sequence[Book]):
    """The books of one page, and the cursor of the next page; None on the last one."""

    def __init__(self, books: Sequence[Book], following: BookCursor | None = None) -> None:
        self.books = tuple(books)
        self.following = following

    @overload
    def __getitem__(self, index: int) -> Book: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Book]: ...
    def __getitem__(self, index: int | slice) -> Book | Sequence[Book]:
        """Return a book, or some."""
        return self.books[index]

    def __len__(self) -> int:
        """Return the number of books of the page."""
        return len(self.books)
