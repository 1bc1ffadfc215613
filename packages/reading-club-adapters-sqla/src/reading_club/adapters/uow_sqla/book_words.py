"""The words of books, by which they are found, on SQL."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Index, String, Table, Uuid, and_

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_many
from reading_club.domain.model import Book
from reading_club.domain.search import LAST, LONGEST_KEY, LONGEST_WORD, author_key, title_key
from reading_club.domain.search import book_words as words_of


def sorted_text(length: int) -> String:
    """Return the type of a text that is compared by its code points, on every database."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


Key: Final = sorted_text(LONGEST_KEY)

book_words = Table(
    "book_words",
    metadata,
    Column("book_id", Uuid, primary_key=True),
    Column("word", sorted_text(LONGEST_WORD), primary_key=True),
    Index("ix_book_words_word_book_id", "word", "book_id"),
)
"""The words of each book: the index leads from a word to its books, the key from a book to its."""


def begins_with(word: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    """Return the condition that a word begins with a wanted one, as a range of an index."""
    return and_(word >= wanted, word < f"{wanted}{LAST}")


def sort_keys(title: str, author: str) -> dict[str, str]:
    """Return the columns of ``books`` by which it is sorted."""
    return {"title_key": title_key(title), "author_key": author_key(author)}


def word_rows(book_id: Any, title: str, author: str, isbn: str | None) -> Sequence[dict[str, Any]]:
    """Return the rows of a book's words."""
    return [{"book_id": book_id, "word": word} for word in sorted(words_of(title, author, isbn))]


async def add_words(session: Session, book: Book) -> None:
    """Insert the words of a book, by one statement."""
    rows = word_rows(book.id, book.title, book.author, book.isbn_digits)
    await insert_new_many(session, book_words, rows)
