"""Handlers of the commands on books."""

from messagebus import async_listen

from reading_club.domain.messages import CorrectBook, RegisterBook
from reading_club.domain.model import Book
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def register_book(command: RegisterBook, uow: AbstractUnitOfWork) -> Book:
    """Register a book. Raises BookAlreadyRegistered or IdentifierTaken."""
    book = Book.register(
        command.id, command.isbn, command.title, command.author, command.registered_by
    )
    return await uow.books.add_idempotent(book)


@async_listen
async def correct_book(command: CorrectBook, uow: AbstractUnitOfWork) -> Book:
    """Correct a book.

    Raises BookNotFound, VersionMismatch and BookAlreadyRegistered, or WriteConflict after a
    concurrent change.
    """
    book = await uow.books.get_for_update(command.id)
    book.require_version(command.expected_version)
    book.correct(command.isbn, command.title, command.author, command.corrected_by)
    if book.messages:
        await uow.books.update(book)
    return book
