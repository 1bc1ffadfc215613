"""The messagebus cookbook as a peer: its unit of work on the club's tables, and its transport."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from time import perf_counter
from typing import Any

import messagebus
from celery import Celery
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from reading_club.adapters.eventstream.topology import EXCHANGE
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.domain.messages import RegisterBook
from reading_club.domain.model import Book
from reading_club_functional.bench.comparison import Envelope


class BookRepository(messagebus.AsyncAbstractRepository[Book]):
    """Inserts each book by a statement of its own."""

    def __init__(self, session: AsyncSession) -> None:
        super().__init__()
        self.session = session

    async def add(self, book: Book) -> None:
        """Insert the book, and keep it for the collection of its events."""
        row = {**book.model_dump(exclude={"messages"}), "isbn": book.isbn_digits}
        await self.session.execute(insert(orm.books).values([row]))
        self.seen.append(book)


class MessageStore(messagebus.AsyncAbstractMessageStoreRepository):
    """Inserts each message by a statement of its own."""

    def __init__(
        self, session: AsyncSession, transport: messagebus.AsyncAbstractEventstreamTransport
    ) -> None:
        super().__init__(messagebus.AsyncEventstreamPublisher(transport))
        self.session = session

    async def _add(self, message: messagebus.Message[Any]) -> None:
        row = {
            "id": message.message_id,
            "created_at": message.created_at,
            "type": f"{message.metadata.name}_v{message.metadata.schema_version}",
            "metadata": message.metadata.model_dump(),
            "payload": message.model_dump_json(exclude={"message_id", "created_at", "metadata"}),
        }
        await self.session.execute(insert(orm.messages).values([row]))


class UnitOfWork(messagebus.AsyncAbstractUnitOfWork[BookRepository, MessageStore, Any]):
    """A session for each transaction, and its events to the transport after the commit."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        transport: messagebus.AsyncAbstractEventstreamTransport,
    ) -> None:
        self.sessions = sessions
        self.transport = transport

    async def __aenter__(self) -> Any:
        self.session = self.sessions()
        self.books = BookRepository(self.session)
        self.messagestore = MessageStore(self.session, self.transport)
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
        """Roll the session back."""
        await self.session.rollback()


async def register_book(command: RegisterBook, uow: Any) -> Book:
    """Register a book."""
    book = Book.register(command.id, command.isbn, command.title, command.author)
    await uow.books.add(book)
    return book


@asynccontextmanager
async def opened(
    database_url: str,
    connections: int,
    transport: messagebus.AsyncAbstractEventstreamTransport | None = None,
) -> AsyncIterator[Callable[[RegisterBook], Awaitable[Book]]]:
    """Yield a function that handles a command in a transaction, without an outbox.

    Without a transport its events are stored and not published.
    """
    transport = transport or messagebus.AsyncSinkholeEventstreamTransport()
    engine = create_engine(database_url, pool_size=connections, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    bus = messagebus.AsyncMessageBus[Any]()
    bus.add_listener(RegisterBook, register_book)

    async def handle(command: RegisterBook) -> Book:
        async with UnitOfWork(sessions, transport) as transaction:
            book: Book = await bus.handle(command, transaction)
            await transaction.commit()
        return book

    try:
        yield handle
    finally:
        await engine.dispose()


class CookbookTransport(messagebus.AsyncAbstractEventstreamTransport):
    """Sends a task for each event, in an executor; ``confirm_publish`` waits for the broker."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Send the event, and return when the broker has confirmed it."""
        send = partial(
            self._app.send_task,
            "send_message",
            kwargs={"message": message},
            exchange=EXCHANGE.name,
            routing_key=message["type"],
            ignore_result=True,
        )
        await asyncio.get_running_loop().run_in_executor(None, send)


def confirming_app(broker_url: str) -> Celery:
    """Return the application of the transport; sending a task waits for the broker's confirm."""
    options = {"confirm_publish": True}
    return Celery(broker=broker_url, broker_transport_options=options, set_as_current=False)


def publish(broker_url: str, events: Sequence[Envelope]) -> float:
    """Return the seconds to send the events one after the other, as ``publish_eventstream``."""
    app = confirming_app(broker_url)
    transport = CookbookTransport(app)

    async def send() -> float:
        start = perf_counter()
        for event in events:
            await transport.send_message_serialized(event)
        return perf_counter() - start

    with closing(app):
        return asyncio.run(send())
