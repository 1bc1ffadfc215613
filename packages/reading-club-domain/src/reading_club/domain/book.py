"""The aggregate of books; ``model`` has it with all others."""

from typing import Any, Self
from uuid import UUID

from reading_club.domain.aggregate import VersionedAggregate
from reading_club.domain.book_messages import (
    BookCorrected,
    BookRegistered,
    BookRegisteredV2,
    BookWithdrawn,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.search import book_words, sort_key
from reading_club.domain.text import Author, Title, authors_in, casefold_unaccented


class Book(VersionedAggregate):
    """A book of the club."""

    title: Title
    author: Author
    isbn: Isbn | None = None
    registered_by: UUID | None = None
    """The reviewer who registered it; None for one of an early release, or of a visitor."""
    withdrawn: bool = False
    """Whether an organiser took it off the shelf: it has no ISBN, and is not found."""

    @property
    def isbn_digits(self) -> str | None:
        """The thirteen digits of the ISBN, None without one."""
        return None if self.isbn is None else self.isbn.canonical

    @property
    def content(self) -> tuple[str, str, str | None]:
        """Title, author and ISBN, by which a repeated registration is known again."""
        return self.title, self.author, self.isbn_digits

    @property
    def search_text(self) -> str:
        """The text that is searched: title, author and ISBN, without case and accents."""
        return casefold_unaccented(f"{self.title}\n{self.author}\n{self.isbn_digits or ''}")

    @property
    def words(self) -> frozenset[str]:
        """The words by which the book is found, see ``book_words``; none of a withdrawn book."""
        if self.withdrawn:
            return frozenset()
        return book_words(self.title, self.author, self.isbn_digits)

    @property
    def title_key(self) -> str:
        """The key by which books are sorted by title."""
        return sort_key(self.title)

    @property
    def author_key(self) -> str:
        """The key by which books are sorted by author, as printed."""
        return sort_key(self.author)

    @classmethod
    def reconstitute(cls, **fields: Any) -> Self:
        """Return the stored book without validation."""
        isbn = fields["isbn"]
        stored = None if isbn is None else Isbn.as_stored(isbn)
        return super().reconstitute(**{**fields, "isbn": stored})

    @classmethod
    def register(
        cls,
        id: UUID,
        isbn: Isbn | None,
        title: str,
        author: str,
        registered_by: UUID | None = None,
    ) -> Self:
        """Return a new book, which has recorded BookRegistered, or its second version.

        The first one has an ISBN always.
        """
        book = cls(id=id, isbn=isbn, title=title, author=author, registered_by=registered_by)
        title, author = book.title, book.author
        if book.isbn is None:
            event = BookRegisteredV2(id=id, title=title, authors=authors_in(author))
            book.messages.append(event)
        else:
            book.messages.append(BookRegistered(id=id, isbn=book.isbn, title=title, author=author))
        return book

    def correct(self, isbn: Isbn | None, title: str, author: str, by: UUID) -> None:
        """Replace ISBN, title and author, and record BookCorrected; equal ones change nothing."""
        if self.content == (title, author, None if isbn is None else isbn.canonical):
            return
        self.isbn = isbn
        self.title = title
        self.author = author
        self.version += 1
        self.messages.append(
            BookCorrected(
                id=self.id,
                isbn=isbn,
                title=title,
                authors=authors_in(author),
                corrected_by=by,
                version=self.version,
            )
        )

    def withdraw(self, by: UUID) -> None:
        """Drop the ISBN, and record BookWithdrawn; a withdrawn book does not change."""
        if self.withdrawn:
            return
        self.isbn = None
        self.withdrawn = True
        self.version += 1
        self.messages.append(
            BookWithdrawn(id=self.id, title=self.title, withdrawn_by=by, version=self.version)
        )
