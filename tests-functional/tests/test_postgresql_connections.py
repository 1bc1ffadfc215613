"""Connections to PostgreSQL that are lost, cancelled or returned, and their transactions."""

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
    """Another engine, on a migrated database."""
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
    """Return the scalar result of a query."""
    async with engine.connect() as connection:
        return (await connection.execute(text(sql))).scalar()


async def test_a_connection_that_was_lost_meanwhile_is_replaced(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """Connections that the server has closed are replaced before the next transaction."""
    await store(engine, a_book())
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {OTHERS}"
    assert await ask(elsewhere, f"{query} AND backend_type = 'client backend'") is True
    await asyncio.sleep(0)  # the event loop notices the end

    await store(engine, a_book())

    assert await ask(elsewhere, "SELECT count(*) FROM books") == 2


async def test_a_connection_whose_statement_was_cancelled_is_ended(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """The state of the connection is unknown: the next transaction gets a new one."""
    book = a_book()
    async with SQLUnitOfWork(InMemoryEventstreamTransport(), elsewhere) as first:
        await first.uow.books.add(book)
        waiting = asyncio.create_task(store(engine, a_book(isbn=book.isbn)))
        locked = f"SELECT pid FROM pg_stat_activity WHERE {OTHERS} AND wait_event_type = 'Lock'"
        async with asyncio.timeout(10):
            while (pid := await ask(elsewhere, locked)) is None:  # noqa: ASYNC110  # state of a server
                await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await first.rollback()

    assert await ask(engine, "SELECT pg_backend_pid()") != pid
    await store(engine, book)


async def test_a_query_of_sqlalchemy_may_be_cancelled_as_well(engine: AsyncEngine) -> None:
    """SQLAlchemy has invalidated the connection; closing the session raises no error."""
    session = Session(engine, orm.stream)
    await session.execute_cached(insert_into("postgresql", orm.books), a_book().model_dump())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await session.read(text("SELECT pg_sleep(60)"))
    await session.close()

    assert await ask(engine, "SELECT count(*) FROM books") == 0


@pytest.mark.parametrize("lane", ["asyncpg", "SQLAlchemy"])
async def test_a_connection_may_be_lost_in_a_transaction(
    engine: AsyncEngine, elsewhere: AsyncEngine, lane: str
) -> None:
    """Each further call raises StorageUnavailable; the next transaction has a new connection."""
    session = Session(engine, orm.stream)
    await session.execute_cached(insert_into("postgresql", orm.books), a_book().model_dump())
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {OTHERS}"
    assert await ask(elsewhere, f"{query} AND backend_type = 'client backend'") is True
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            if lane == "asyncpg":
                await session.execute_cached(
                    insert_into("postgresql", orm.books), a_book().model_dump()
                )
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
    """A session begins with the engine's isolation level, and resets the connection after it."""
    set_to = engine.execution_options(isolation_level=level)
    isolation = text("SHOW transaction_isolation")
    session = Session(set_to, orm.stream)
    assert (await session.read(isolation)).scalar_one() == expected
    await session.execute_cached(insert_into("postgresql", orm.books), {**a_book().model_dump()})
    await session.close()
    assert await ask(engine, "SELECT count(*) FROM books") == 0

    async with engine.connect() as connection:
        assert (await connection.execute(isolation)).scalar_one() == "read committed"
        assert connection.in_transaction()
        await connection.execute(text("CREATE TABLE undone ()"))
    assert await ask(engine, "SELECT to_regclass('undone')") is None


async def test_a_connection_is_left_as_it_was(engine: AsyncEngine) -> None:
    """The connection's next user is in a transaction of SQLAlchemy, without autocommit."""
    await store(engine, a_book())

    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE undone ()"))
    assert await ask(engine, "SELECT to_regclass('undone')") is None


async def test_a_transaction_that_the_database_has_undone_is_not_committed(
    engine: AsyncEngine,
) -> None:
    """``commit`` raises StorageUnavailable, although PostgreSQL reports no error."""
    session = Session(engine, orm.stream)
    await session.execute_cached(insert_into("postgresql", orm.books), a_book().model_dump())
    with pytest.raises(IntegrityError):
        await session.execute_cached(
            insert_into("postgresql", orm.activity).values(id=None), NOTHING
        )
    with pytest.raises(StorageUnavailable, match="undone"):
        await session.commit()
    await session.close()

    async with engine.connect() as connection:
        assert (await connection.execute(select(orm.books))).all() == []


async def test_a_plan_that_a_migration_has_made_stale_is_an_outage(
    engine: AsyncEngine, elsewhere: AsyncEngine
) -> None:
    """A stale prepared plan raises StorageUnavailable; the next transaction plans anew."""
    query = select(orm.books)
    for _ in range(2):
        session = Session(engine, orm.stream)
        await session.read(query)
        await session.close()
    async with elsewhere.begin() as connection:
        await connection.execute(text("ALTER TABLE books ALTER COLUMN title TYPE text"))

    session = Session(engine, orm.stream)
    with pytest.raises(StorageUnavailable, match="altered"):
        await session.read(query)
    await session.close()

    session = Session(engine, orm.stream)
    assert (await session.read(query)).all() == []
    await session.close()
