"""What becomes of connections to PostgreSQL, and how transactions begin and end on them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations, orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import NOTHING, insert_into
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.model import Book
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.testing.builders import a_book

OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"


@pytest.fixture
async def elsewhere(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of somebody else, on a database with the newest schema."""
    engine = create_engine(database_url)
    await migrations.upgrade(engine)
    yield engine
    await engine.dispose()


@pytest.fixture
async def engine(database_url: str, elsewhere: AsyncEngine) -> AsyncIterator[AsyncEngine]:
    """An engine with one connection, on the same database."""
    assert elsewhere.dialect.name == "postgresql"
    engine = create_engine(database_url, pool_size=1, max_overflow=0)
    yield engine
    await engine.dispose()


async def store(engine: AsyncEngine, book: Book) -> None:
    """Store a book in a transaction of its own."""
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), engine) as transaction:
        await transaction.uow.books.add(book)
        await transaction.commit()


async def ask(engine: AsyncEngine, sql: str) -> object:
    """Return what the first column of the first row says."""
    async with engine.connect() as connection:
        return (await connection.execute(text(sql))).scalar()


async def test_a_connection_that_was_lost_meanwhile_is_replaced(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """After a restart of the database nobody hears of what the pool has of the time before."""
    await store(engine, a_book())
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {OTHERS}"
    assert await ask(elsewhere, f"{query} AND backend_type = 'client backend'") is True
    await asyncio.sleep(0)  # the loop hears that it is gone

    await store(engine, a_book())

    assert await ask(elsewhere, "SELECT count(*) FROM books") == 2


async def test_a_connection_whose_statement_was_cancelled_is_ended(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """Nobody knows what it is doing: the next transaction gets another one."""
    book = a_book()
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), elsewhere) as first:
        await first.uow.books.add(book)
        waiting = asyncio.create_task(store(engine, a_book(isbn=book.isbn)))
        locked = f"SELECT pid FROM pg_stat_activity WHERE {OTHERS} AND wait_event_type = 'Lock'"
        async with asyncio.timeout(10):
            while (pid := await ask(elsewhere, locked)) is None:  # noqa: ASYNC110  # of a server
                await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await first.rollback()

    assert await ask(engine, "SELECT pg_backend_pid()") != pid
    await store(engine, book)


async def test_a_query_of_sqlalchemy_may_be_cancelled_as_well(engine: AsyncEngine) -> None:
    """It has given the connection up by then: there is nothing to undo, and that is no error."""
    session = Session(engine)
    await session.put(insert_into("postgresql", orm.books), a_book().model_dump())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await session.read(text("SELECT pg_sleep(60)"))
    await session.close()

    assert await ask(engine, "SELECT count(*) FROM books") == 0


@pytest.mark.parametrize("lane", ["asyncpg", "SQLAlchemy"])
async def test_a_connection_may_be_lost_in_a_transaction(
    engine: AsyncEngine, elsewhere: AsyncEngine, lane: str
) -> None:
    """Whoever notices it, the transaction is over, and the next one has another connection."""
    session = Session(engine)
    await session.put(insert_into("postgresql", orm.books), a_book().model_dump())
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {OTHERS}"
    assert await ask(elsewhere, f"{query} AND backend_type = 'client backend'") is True
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            if lane == "asyncpg":
                await session.put(insert_into("postgresql", orm.books), a_book().model_dump())
            else:
                await session.read(text("SELECT 1"))
    with pytest.raises(StorageUnavailable):
        await session.commit()
    await session.close()

    assert await ask(engine, "SELECT count(*) FROM books") == 0


@pytest.mark.parametrize(
    ("level", "expected"),
    [("REPEATABLE READ", "repeatable read"), ("AUTOCOMMIT", "read committed")],
)
async def test_the_isolation_of_the_engine_is_that_of_its_transactions(
    engine: AsyncEngine, level: str, expected: str
) -> None:
    """We begin transactions ourselves, as the engine would, and leave it as it was."""
    set_to = engine.execution_options(isolation_level=level)
    isolation = text("SHOW transaction_isolation")
    session = Session(set_to)
    assert (await session.read(isolation)).scalar_one() == expected
    await session.put(insert_into("postgresql", orm.books), {**a_book().model_dump()})
    await session.close()
    assert await ask(engine, "SELECT count(*) FROM books") == 0

    async with engine.connect() as connection:
        assert (await connection.execute(isolation)).scalar_one() == "read committed"
        assert connection.in_transaction()
        await connection.execute(text("CREATE TABLE undone ()"))
    assert await ask(engine, "SELECT to_regclass('undone')") is None


async def test_a_connection_is_left_as_it_was(engine: AsyncEngine) -> None:
    """Whoever has it next is in a transaction of SQLAlchemy, and not on his own."""
    await store(engine, a_book())

    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE undone ()"))
    assert await ask(engine, "SELECT to_regclass('undone')") is None


async def test_a_transaction_that_the_database_has_undone_is_not_committed(
    engine: AsyncEngine,
) -> None:
    """PostgreSQL answers its COMMIT without an error."""
    session = Session(engine)
    await session.put(insert_into("postgresql", orm.books), a_book().model_dump())
    with pytest.raises(IntegrityError):
        await session.put(insert_into("postgresql", orm.activity).values(id=None), NOTHING)
    with pytest.raises(StorageUnavailable, match="undone"):
        await session.commit()
    await session.close()

    async with engine.connect() as connection:
        assert (await connection.execute(select(orm.books))).all() == []


async def test_a_plan_that_a_migration_has_made_stale_is_an_outage(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """The statement is right: the next transaction makes a new plan of it."""
    query = select(orm.books)
    for _ in range(2):
        session = Session(engine)
        await session.read(query)
        await session.close()
    async with elsewhere.begin() as connection:
        await connection.execute(text("ALTER TABLE books ALTER COLUMN title TYPE text"))

    session = Session(engine)
    with pytest.raises(StorageUnavailable, match="altered"):
        await session.read(query)
    await session.close()

    session = Session(engine)
    assert (await session.read(query)).all() == []
    await session.close()
