"""Handlers of the commands on books."""

from messagebus import async_listen

from reading_club.domain.errors import BookNotFound
from reading_club.domain.messages import CorrectBook, RegisterBook, WithdrawBook
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
    if book.withdrawn:
        raise BookNotFound(book.id)
    book.require_version(command.expected_version)
    book.correct(command.isbn, command.title, command.author, command.corrected_by)
    if book.messages:
        await uow.books.update(book)
    return book


@async_listen
async def withdraw_book(command: WithdrawBook, uow: AbstractUnitOfWork) -> Book:
    """Withdraw a book and its reviews.

    Raises BookNotFound and VersionMismatch, or WriteConflict after a concurrent change.
    """
    book = await uow.books.get_for_update(command.id)
    if not book.withdrawn:
        book.require_version(command.expected_version)
        book.withdraw(command.withdrawn_by)
        await uow.books.update(book)
        await uow.reviews.withdraw_all(command.withdrawn_by, book_id=book.id)
    return book
