"""How members correct books, and organisers withdraw them: for the API and for the pages."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from reading_club.app.application import Application
from reading_club.domain.errors import NotAllowed
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import CorrectBook, WithdrawBook
from reading_club.domain.model import Book
from reading_club.domain.text import Author, Title
from reading_club.service.accounts.accounts import Account, Role


class BookChanges(BaseModel):
    """What to change; what is left out stays as it is. An ISBN of null is taken away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Title = Field(default_factory=str)
    author: Author = Field(default_factory=str)
    isbn: Isbn | None = Field(default_factory=lambda: None, examples=["0-321-12521-5"])

    @property
    def content(self) -> tuple[str, str, str | None]:
        """Title, author and ISBN, as ``Book.content`` has them."""
        return self.title, self.author, self.isbn.canonical if self.isbn else None


def may_correct(account: Account, book: Book) -> bool:
    """Whether a member may correct the book: who registered it, and organisers."""
    return account.role is Role.ORGANISER or book.registered_by == account.reviewer_id


async def book_to_correct(application: Application, account: Account, id: UUID) -> Book:
    """Return a book that the member may correct. Raises BookNotFound or NotAllowed."""
    async with application.reading() as uow:
        book = await uow.books.get(id)
    if not may_correct(account, book):
        raise NotAllowed("this is for the member who added the book, and for organisers")
    return book


async def correct_book(
    application: Application,
    account: Account,
    book: Book,
    changes: BookChanges,
    expected_version: int | None,
) -> Book:
    """Change a book that ``book_to_correct`` returned, and return it.

    ``expected_version`` is None to change the version of ``book``. Raises BookNotFound,
    BookAlreadyRegistered, or VersionMismatch after another change; and ValidationError for a field
    of an early release that is left out, and that today's rules refuse.
    """
    stored = {"title": book.title, "author": book.author, "isbn": book.isbn}
    version = book.version if expected_version is None else expected_version
    command = CorrectBook.model_validate(
        {
            **stored,
            **changes.model_dump(exclude_unset=True),
            "id": book.id,
            "corrected_by": account.reviewer_id,
            "expected_version": version,
        }
    )
    corrected: Book = await application.handle(command)
    return corrected


async def withdraw_book(
    application: Application, organiser: Account, id: UUID, expected_version: int | None = None
) -> None:
    """Withdraw a book with its reviews; the events name the organiser.

    ``expected_version`` is None to withdraw any. Raises BookNotFound, also for a withdrawn book, or
    VersionMismatch.
    """
    async with application.reading() as uow:
        await uow.books.get(id)
    await application.handle(
        WithdrawBook(id=id, withdrawn_by=organiser.reviewer_id, expected_version=expected_version)
    )
