"""One row of an import: its book and its review, by the club's own commands."""

from typing import Final
from uuid import UUID

from lastuuid import uuid7
from messagebus import AsyncUnitOfWorkTransaction

from reading_club.domain.errors import BookNotFound
from reading_club.domain.messages import CreateReview, RegisterBook
from reading_club.domain.model import Book
from reading_club.service.book_files.book_file import read_row
from reading_club.service.book_files.csv_records import Record
from reading_club.service.book_files.header import Header
from reading_club.service.book_files.rows import Rejection, Row
from reading_club.service.bus import ClubBus
from reading_club.service.imports.import_rows import ImportRow, Outcome
from reading_club.service.imports.own_books import OwnBook
from reading_club.service.uow import AbstractUnitOfWork

NO_ISBN: Final = "is empty, and an import finds books by it: add this one by hand"
NOT_ON_THE_SHELF: Final = "is empty, and this book was withdrawn from the shelf"
NO_TITLE: Final = "is not on the shelf: a list of ISBNs has no title and author to register it with"
NO_RATING: Final = "is empty: a review needs a rating"
WITHDRAWN: Final = "you have withdrawn your review of the book"
ANOTHER_REVIEW: Final = "you have another review of the book, which stays"


class _Refused(Exception):
    """The row is rejected: a field of ``Row``, and the reason."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field, self.reason = field, reason


class RowHandler:
    """Handles rows of one file in one transaction. A rejected row changes nothing."""

    def __init__(
        self,
        header: Header,
        reviewer_id: UUID,
        transaction: AsyncUnitOfWorkTransaction[AbstractUnitOfWork],
        bus: ClubBus,
    ) -> None:
        self.header = header
        self.reviewer_id = reviewer_id
        self.transaction = transaction
        self.bus = bus
        self.own_books: dict[UUID, OwnBook] = {}
        """The shelves and dates in the rows that were handled, by the ids of the books."""

    @property
    def _uow(self) -> AbstractUnitOfWork:
        return self.transaction.uow

    async def handle(self, row: ImportRow) -> ImportRow:
        """Return the row with its outcome. Raises Conflict if another transaction was first."""
        read = read_row(self.header, Record(row.line, row.cells))
        if isinstance(read, Rejection):  # by the rules of a later release
            return row.with_outcome(Outcome.REJECTED, read.field, read.reason)
        try:
            _require_complete(read)
            known = await self._find(read)
            book_id = await self._register(read) if known is None else known.id
            self._keep(book_id, read)
            if known is not None:
                return row.with_outcome(*await self._reviewed(known, read))
            await self._review(book_id, read)
            return row.with_outcome(Outcome.ADDED)
        except _Refused as exc:
            column = self.header.format.column_of.get(exc.field, "")
            return row.with_outcome(Outcome.REJECTED, column, exc.reason)

    def _keep(self, book_id: UUID, row: Row) -> None:
        """Remember shelves and dates; of two rows of a book the first one of the file counts."""
        if own := OwnBook(row.shelves, row.read_on, row.added_on):
            self.own_books[book_id] = own

    async def _find(self, row: Row) -> Book | None:
        """Return the book of the shelf with the row's ISBN, or without one that has its id."""
        if row.isbn is not None:
            return await self._uow.books.find_by_isbn(row.isbn)
        return None if row.book_id is None else await self._uow.books.find(row.book_id)

    async def _register(self, row: Row) -> UUID:
        """Register the book, under the id that it had in the club that wrote the file, if free."""
        if row.title is None:
            raise _Refused("isbn", NO_TITLE)
        is_free = row.book_id is not None and await self._is_free(row.book_id)
        if row.isbn is None and not is_free:  # under another id it would be added each time
            raise _Refused("isbn", NOT_ON_THE_SHELF)
        book_id = row.book_id if row.book_id is not None and is_free else uuid7()
        await self.bus.handle(
            RegisterBook(
                id=book_id,
                isbn=row.isbn,
                title=row.title,
                author=row.author,
                registered_by=self.reviewer_id,
            ),
            self.transaction,
        )
        return book_id

    async def _is_free(self, book_id: UUID) -> bool:
        """Whether no book has the id, also none that was withdrawn."""
        try:
            await self._uow.books.get_for_update(book_id)
        except BookNotFound:
            return True
        return False

    async def _review(self, book_id: UUID, row: Row) -> bool:
        """Create the member's review; return False if the row has none."""
        if row.rating is None:
            return False
        review = CreateReview(
            book_id=book_id, reviewer_id=self.reviewer_id, rating=row.rating, comment=row.review
        )
        await self.bus.handle(review, self.transaction)
        return True

    async def _reviewed(self, book: Book, row: Row) -> tuple[Outcome, str, str]:
        """Return the outcome for a book of the shelf: the member's own review there stays."""
        review = await self._uow.reviews.find_of(book.id, self.reviewer_id)
        if review is None:
            added = await self._review(book.id, row)
            return (Outcome.ADDED if added else Outcome.KNOWN), "", ""
        if row.rating is None or (review.rating, review.comment, review.withdrawn) == (
            row.rating,
            row.review,
            False,
        ):
            return Outcome.KNOWN, "", ""
        return Outcome.SKIPPED, "", WITHDRAWN if review.withdrawn else ANOTHER_REVIEW


def _require_complete(row: Row) -> None:
    """Raise _Refused for a row that the club cannot take."""
    if row.isbn is None and row.book_id is None:
        raise _Refused("isbn", NO_ISBN)
    if row.review and row.rating is None:
        raise _Refused("rating", NO_RATING)
