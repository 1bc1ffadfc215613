"""Eleven tests as the cookbook has them at the end: the peer of our fast suites.

Three of the handler in memory, one of the event stream on a fake Celery, seven of repositories and
transactions on a SQLite that each makes for itself.
"""

import json
from collections.abc import AsyncIterator

import pytest
from lastuuid import uuid7
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from reading_club.adapters.eventstream.testing import FakeCelery, SentTask
from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.adapters.uow_sqla import orm
from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import RegisterBook
from reading_club.service.bus import ClubBus, build_bus
from reading_club.testing.builders import a_book, an_isbn
from reading_club_functional.bench import cookbook


@pytest.fixture
async def engine() -> AsyncIterator[AsyncEngine]:
    """A database in memory, with our tables."""
    engine = create_async_engine("sqlite+aiosqlite:///")
    async with engine.begin() as connection:
        await connection.run_sync(orm.metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def sessions(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Sessions on the database."""
    return async_sessionmaker(engine, expire_on_commit=False)


@pytest.fixture
async def session(sessions: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """A session that looks at what is there."""
    async with sessions() as session:
        yield session


@pytest.fixture
def stored(sessions: async_sessionmaker[AsyncSession]) -> cookbook.UnitOfWork:
    """The cookbook's unit of work."""
    return cookbook.UnitOfWork(sessions)


@pytest.fixture
def bus() -> ClubBus:
    """The bus, with all handlers."""
    return build_bus()


@pytest.fixture
def command() -> RegisterBook:
    """A command for a new book."""
    return RegisterBook(isbn=an_isbn(1), title="Domain-Driven Design", author="Eric Evans")


@pytest.mark.parametrize("others", [0, 1], ids=["ok", "taken"])
async def test_register_book(bus: ClubBus, command: RegisterBook, others: int) -> None:
    """An ISBN belongs to the first book that has it."""
    async with InMemoryUnitOfWork(transport := InMemoryEventstreamTransport()) as transaction:
        await bus.handle(command, transaction)
        for _ in range(others):
            with pytest.raises(BookAlreadyRegistered):
                await bus.handle(command.model_copy(update={"id": uuid7()}), transaction)
        await transaction.commit()
    assert len(transport.events) == 1


async def test_the_bus_returns_what_the_handler_does(bus: ClubBus, command: RegisterBook) -> None:
    """It is the book."""
    async with InMemoryUnitOfWork(InMemoryEventstreamTransport()) as transaction:
        book = await bus.handle(command, transaction)
        await transaction.commit()
    assert book.title == command.title


async def test_eventstream(bus: ClubBus, command: RegisterBook) -> None:
    """What was committed is what Celery was asked to send."""
    queue: list[SentTask] = []
    transport = EventstreamTransport(FakeCelery(queue))
    async with InMemoryUnitOfWork(transport) as transaction:
        await bus.handle(command, transaction)
        await transaction.commit()
    transport.close()
    assert [task.kwargs["message"]["type"] for task in queue] == ["book_registered_v1"]


async def test_add_a_book(stored: cookbook.UnitOfWork, session: AsyncSession) -> None:
    """Its row is there, and the bus can follow it."""
    book = a_book()
    async with stored as transaction:
        await stored.books.add(book)
        await transaction.commit()
    assert await titles(session) == [book.title]
    assert stored.books.seen == [book]


async def test_add_a_book_twice(stored: cookbook.UnitOfWork, session: AsyncSession) -> None:
    """The database refuses it."""
    book = a_book()
    async with stored as transaction:
        await stored.books.add(book)
        await transaction.commit()
    async with stored as transaction:
        with pytest.raises(IntegrityError):
            await stored.books.add(book)
        await transaction.rollback()
    assert await titles(session) == [book.title]


@pytest.mark.parametrize("known", [1, 0], ids=["known", "unknown"])
async def test_find_a_book(stored: cookbook.UnitOfWork, session: AsyncSession, known: int) -> None:
    """One of two, by its id, or none."""
    books = [a_book(title="One"), a_book(title="Two")]
    async with stored as transaction:
        for book in books:
            await stored.books.add(book)
        await transaction.commit()
    wanted = books[1].id if known else uuid7()
    assert await titles(session, orm.books.c.id == wanted) == ["Two"][:known]


async def test_add_a_message(
    stored: cookbook.UnitOfWork, session: AsyncSession, command: RegisterBook
) -> None:
    """All of it is in the history."""
    async with stored as transaction:
        await stored.messagestore.add(command)
        await transaction.commit()
    row = (await session.execute(select(orm.messages))).one()
    assert (row.id, row.type) == (command.message_id, "register_book_v1")
    assert json.loads(row.payload)["title"] == command.title


@pytest.mark.parametrize(("end", "left"), [("commit", 1), ("rollback", 0)])
async def test_end_a_transaction(
    stored: cookbook.UnitOfWork, session: AsyncSession, end: str, left: int
) -> None:
    """What is committed is there for others, what is undone is not."""
    async with stored as transaction:
        await stored.books.add(a_book(title="One"))
        await getattr(transaction, end)()
    assert await titles(session) == ["One"][:left]


async def titles(session: AsyncSession, *where: ColumnElement[bool]) -> list[str]:
    """Return the titles of the books that are meant."""
    return list(await session.scalars(select(orm.books.c.title).where(*where)))
