"""Pages of the shelf, in memory: all books are looked at."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, Final
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.read_models.catalogue import InMemoryCatalogue
from reading_club.domain.model import Book
from reading_club.domain.search import book_words, query_words
from reading_club.service.book_pages import BookCursor, BookOrder

NEVER: Final = datetime.min.replace(tzinfo=UTC)
DESCENDING: Final = frozenset({"newest", "best"})

Key = tuple[Any, ...]
_words_of: Final = lru_cache(maxsize=1_000)(book_words)


def select_page(
    transaction: InMemoryTransaction[InMemoryDatabase],
    query: str,
    order: BookOrder,
    cursor: BookCursor | None,
    limit: int,
) -> tuple[Sequence[Book], BookCursor | None]:
    """Return the stored books of a page, and the cursor of the next one."""
    keys = _keys(transaction, order)
    places = sorted(((*key, id_) for id_, key in keys.items()), reverse=order in DESCENDING)
    if cursor is not None:
        last = (*_key_at(transaction, cursor), cursor.id)
        after = last.__gt__ if order in DESCENDING else last.__lt__
        places = [place for place in places if after(place)]
    books = transaction.tables.books
    found = [books[place[-1]] for place in places if _is_found(books[place[-1]], query)]
    if len(found) <= limit:
        return found, None
    id_ = found[limit - 1].id
    key = () if order == "newest" else keys[id_]
    return found[:limit], BookCursor(order, id_, key)


def _keys(
    transaction: InMemoryTransaction[InMemoryDatabase], order: BookOrder
) -> Mapping[UUID, Key]:
    """Return the sort key of each book that has one."""
    tables = transaction.tables
    shelf = {id_: book for id_, book in tables.books.items() if not book.withdrawn}
    if order == "newest":
        return {id_: (at,) for id_, at in tables.registered.items() if id_ in shelf}
    if order == "best":
        ranks = InMemoryCatalogue(transaction).ranks()
        return {id_: (rank,) for id_, rank in ranks.items() if id_ in shelf}
    key = partial(_text_key, order)
    return {id_: key(book) for id_, book in shelf.items()}


def _text_key(order: BookOrder, book: Book) -> Key:
    return (book.author_key, book.title_key) if order == "author" else (book.title_key,)


def _key_at(transaction: InMemoryTransaction[InMemoryDatabase], cursor: BookCursor) -> Key:
    if cursor.order == "newest":
        return (transaction.tables.registered.get(cursor.id, NEVER),)
    return cursor.key


def _is_found(book: Book, query: str) -> bool:
    words = _words_of(*book.content)
    return all(_begins(words, wanted) for wanted in query_words(query))


def _begins(words: frozenset[str], wanted: str) -> bool:
    return any(word.startswith(wanted) for word in words)
