"""Handlers of the commands on books."""

from messagebus import async_listen

from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book
from reading_club.service.uow import AbstractUnitOfWork


@async_listen
async def register_book(command: RegisterBook, uow: AbstractUnitOfWork) -> Book:
    """Register a book. Raises BookAlreadyRegistered or IdentifierTaken."""
    book = Book.register(command.id, command.isbn, command.title, command.author)
    return await uow.books.add_idempotent(book)
