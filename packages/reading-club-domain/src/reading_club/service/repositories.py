"""The ports of the repositories of the aggregates; what all promise is in ``repository_base``."""

from abc import abstractmethod
from uuid import UUID

from reading_club.domain.isbn import Isbn
from reading_club.domain.model import Book
from reading_club.service.book_pages import BookCursor, BookOrder, BookPage
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
    """The books. ``add`` raises BookAlreadyRegistered for a known ISBN; ``get`` BookNotFound."""

    def _is_same(self, stored: Book, aggregate: Book) -> bool:
        return stored.content == aggregate.content

    @abstractmethod
    async def update(self, book: Book) -> None:
        """Store the next version of a book. Raises BookAlreadyRegistered for another book's ISBN.

        Raises WriteConflict unless the stored version is the previous one.
        """

    @abstractmethod
    async def find_by_isbn(self, isbn: Isbn) -> Book | None:
        """Return the book with this ISBN, or None."""

    @abstractmethod
    async def page(
        self,
        *,
        query: str = "",
        order: BookOrder = "newest",
        before: UUID | BookCursor | None = None,
        limit: int = 50,
    ) -> BookPage:
        """Return up to ``limit`` books in an order, and the cursor of the next page.

        The newest are ordered by the storage's clock, as clients may choose ids. ``best`` has the
        books that are in the catalogue, by its ratings. ``before`` is the cursor of the previous
        page, or of the newest the id of its last book; after an unknown id the page is empty.
        Each word of ``query`` must be the beginning of a word of title, author or ISBN, see
        ``reading_club.domain.search``. The number of statements depends on neither books nor words.
        Raises ValueError for the cursor of another order.
        """

    @abstractmethod
    async def count(self) -> int:
        """Return the number of books."""
