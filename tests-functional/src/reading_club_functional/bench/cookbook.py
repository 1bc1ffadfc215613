"""The cookbook's unit of work on SQLAlchemy, on our tables."""

from typing import Any

from messagebus import (
    AsyncAbstractMessageStoreRepository,
    AsyncAbstractRepository,
    AsyncAbstractUnitOfWork,
    AsyncEventstreamPublisher,
    AsyncMessageBus,
    AsyncSinkholeEventstreamTransport,
    Message,
)
from messagebus.ports.observability import AbstractMetricsStore
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from reading_club.adapters.uow_sqla import orm
from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book


class BookRepository(AsyncAbstractRepository[Book]):
    """Inserts a book by a statement of the session."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__()
        self.session = session

    async def add(self, book: Book) -> None:
        """Insert it, and remember it for what it has to tell."""
        row = {**book.model_dump(exclude={"messages"}), "isbn": book.isbn.canonical}
        await self.session.execute(insert(orm.books).values([row]))
        self.seen.append(book)


class MessageStore(AsyncAbstractMessageStoreRepository):
    """Inserts each message by a statement of the session."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__(AsyncEventstreamPublisher(AsyncSinkholeEventstreamTransport()))
        self.session = session

    async def _add(self, message: Message[Any]) -> None:
        row = {
            "id": message.message_id,
            "created_at": message.created_at,
            "type": f"{message.metadata.name}_v{message.metadata.schema_version}",
            "metadata": message.metadata.model_dump(),
            "payload": message.model_dump_json(exclude={"message_id", "created_at", "metadata"}),
        }
        await self.session.execute(insert(orm.messages).values([row]))


class UnitOfWork(AsyncAbstractUnitOfWork[BookRepository, MessageStore, AbstractMetricsStore]):
    """A session for each transaction. Its events go nowhere: only the commit is measured."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self.sessions = sessions

    async def __aenter__(self) -> Any:
        self.session = self.sessions()
        self.books = BookRepository(self.session)
        self.messagestore = MessageStore(self.session)
        return await super().__aenter__()

    async def __aexit__(self, *exc: Any) -> None:
        try:
            await super().__aexit__(*exc)
        finally:
            await self.session.close()

    async def commit(self) -> None:
        """Commit the session."""
        await self.session.commit()

    async def rollback(self) -> None:
        """Undo what the session has done."""
        await self.session.rollback()


async def register_book(command: RegisterBook, uow: Any) -> Book:
    """Put a book on the shelf."""
    book = Book.register(command.id, command.isbn, command.title, command.author)
    await uow.books.add(book)
    return book


def bus() -> AsyncMessageBus[Any]:
    """Return a bus with the one handler."""
    bus = AsyncMessageBus[Any]()
    bus.add_listener(RegisterBook, register_book)
    return bus
