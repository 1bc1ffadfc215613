"""The ports of the repositories of the aggregates; what all promise is in ``repository_base``."""

from abc import abstractmethod
from collections.abc import Sequence
from uuid import UUID

from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Book
from reading_club.service.book_pages import NEWEST, Before, BookOrder, BookPage
from reading_club.service.repository_base import Repository
from reading_club.service.review_repository import AbstractReviewRepository, ListedReview
from reading_club.service.reviewer_repository import AbstractReviewerRepository

__all__ = [
    "AbstractBookRepository",
    "AbstractReviewRepository",
    "AbstractReviewerRepository",
    "ListedReview",
    "Repository",
]


class AbstractBookRepository(Repository[Book]):
    """The books. ``add`` raises BookAlreadyRegistered for a known ISBN; ``get`` BookNotFound.

    A withdrawn book is found by ``get_for_update`` alone, and its id stays taken.
    """

    def _is_same(self, stored: Book, aggregate: Book) -> bool:
        return stored.content == aggregate.content

    @abstractmethod
    async def update(self, book: Book) -> None:
        """Store the next version of a book. Raises BookAlreadyRegistered for another book's ISBN.

        Raises WriteConflict unless the stored version is the previous one. From the storage of a
        withdrawn book on, no other transaction stores a review of it.
        """

    @abstractmethod
    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return the book with this ISBN, or None."""

    @abstractmethod
    async def page(
        self, *, query: str = "", order: BookOrder = NEWEST, before: Before = None, limit: int = 50
    ) -> BookPage:
        """Return up to ``limit`` books in an order, and the cursor of the next page.

        A book is found if each word of ``query_words`` is the beginning of one of ``Book.words``.
        ``best`` has the books of the catalogue. After an unknown id the page is empty. Raises
        ValueError for the cursor of another order.
        """

    @abstractmethod
    async def registered_by(
        self, reviewer_id: UUID, *, after: UUID | None = None, limit: int = 50
    ) -> Sequence[Book]:
        """Return up to ``limit`` books that the reviewer registered, in the order of their ids.

        Withdrawn ones are among them. ``after`` is the id of the last book of the previous page.
        """

    @abstractmethod
    async def count(self) -> int:
        """Return the number of books."""
