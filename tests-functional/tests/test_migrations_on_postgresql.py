"""Migrations on PostgreSQL while a club continues to write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.testing.older_release import register_as_before
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import StorageBusy
from reading_club.testing.builders import a_book, an_event

BOUND = 20.0
"""Timeout in seconds, generous for a slow machine."""
INDEX = "ix_messages_recorded_at"
UNFINISHED = ("UPDATE schema_compatibility SET finished = false", f"DROP INDEX {INDEX}")
BUILDING = (
    "SELECT max(extract(epoch FROM clock_timestamp() - query_start)) FROM pg_stat_activity"
    " WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'"
)
VALID = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')"

ROWS = 20_000
MANY = (
    f"""
    INSERT INTO messages (id, created_at, type, metadata, payload)
    SELECT gen_random_uuid(), now() - n * interval '1 second', 'book_registered_v1', '{{}}',
        json_build_object('id', lpad(to_hex(n), 32, '0')::uuid)
    FROM generate_series(1, {ROWS}) AS n""",
    f"""
    INSERT INTO books (id, title, author, isbn)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'T', 'A', n::text
    FROM generate_series(1, {ROWS}) AS n""",
)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine on an empty database, with statement and lock timeouts of 2 s."""
    settings = {"statement_timeout": "2s", "lock_timeout": "2s"}
    engine = create_engine(database_url, connect_args={"server_settings": settings})
    yield engine
    await engine.dispose()


@asynccontextmanager
async def long_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Keep a transaction open that has updated the messages; roll back at the end."""
    async with engine.connect() as connection:
        await connection.execute(text("UPDATE messages SET type = type"))
        yield connection
        await connection.rollback()


async def run(engine: AsyncEngine, *statements: str) -> None:
    """Run statements, each in a transaction of its own, for as long as they take."""
    for statement in statements:
        async with engine.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 0"))
            await connection.execute(text(statement))


async def ask(engine: AsyncEngine, question: str) -> object:
    """Return the scalar result of a query."""
    async with engine.connect() as connection:
        return await connection.scalar(text(question))


async def building_since(engine: AsyncEngine, seconds: float) -> None:
    """Wait until an index has been under construction for `seconds`."""
    async with asyncio.timeout(BOUND):
        while float(str(await ask(engine, BUILDING) or 0)) < seconds:  # noqa: ASYNC110  # state of the server
            await asyncio.sleep(0.02)


async def commit_a_book(engine: AsyncEngine) -> None:
    """Store a book and its event as the web process does."""
    async with SQLUnitOfWork(RecordingOutboxTransport(), engine) as transaction:
        await transaction.uow.books.add(a_book())
        await transaction.uow.messagestore.add(an_event())
        await transaction.commit()


async def test_nothing_waits_for_an_index_that_is_built(engine: AsyncEngine) -> None:
    """The index waits for a long transaction, beyond the timeouts; writers do not wait."""
    await migrations.upgrade(engine)
    await run(engine, *UNFINISHED)

    async with long_transaction(engine):
        migration = asyncio.create_task(migrations.upgrade(engine))
        await building_since(engine, 2.5)
        for _ in range(10):
            await commit_a_book(engine)
        assert not migration.done()
    await asyncio.wait_for(migration, BOUND)

    assert (await migrations.state(engine)).usable
    assert await ask(engine, VALID) is True


async def test_two_migrations_at_once_build_an_index_once(engine: AsyncEngine) -> None:
    """A waiting migration holds no transaction, for which CREATE INDEX would wait."""
    await migrations.upgrade(engine)
    await run(engine, *UNFINISHED)

    async with asyncio.timeout(BOUND):
        await asyncio.gather(*[migrations.upgrade(engine) for _ in range(4)])

    assert (await migrations.state(engine)).usable
    assert await ask(engine, VALID) is True


async def test_an_index_that_was_left_half_built_is_built_anew(engine: AsyncEngine) -> None:
    """An invalid index, left by an interrupted CREATE INDEX, is replaced by a valid one."""
    await migrations.upgrade(engine)
    await commit_a_book(engine)
    await commit_a_book(engine)
    await run(engine, *UNFINISHED)
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.raises(Exception, match="could not create unique index"):
            await autocommit.execute(
                text(f"CREATE UNIQUE INDEX CONCURRENTLY {INDEX} ON messages (type)")
            )
    assert await ask(engine, VALID) is False

    await migrations.upgrade(engine)

    assert await ask(engine, VALID) is True


async def test_a_table_that_is_in_use_is_not_waited_for_long(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The migration gives up after its lock timeout, unchanged, so that others do not queue."""
    monkeypatch.setattr(migrations, "TABLE_LOCK", "SET LOCAL lock_timeout = '100ms'")
    await migrations.upgrade(engine, "0002")
    await register_as_before(engine, a_book())

    async with long_transaction(engine):
        with pytest.raises(StorageBusy):
            await migrations.upgrade(engine)

    assert await migrations.current(engine) == "0002"
    await migrations.upgrade(engine)
    assert (await migrations.state(engine)).usable


async def test_an_older_release_writes_on_while_many_rows_are_filled(engine: AsyncEngine) -> None:
    """The older release's statements never wait as long as their timeout of 2 s."""
    await migrations.upgrade(engine, "0002")
    await run(engine, *MANY)
    migration = asyncio.create_task(migrations.upgrade(engine))

    written = 0
    while not migration.done():
        await register_as_before(engine, a_book())
        written += 1
    await migration

    assert written > 10
    for table, column in (("messages", "recorded_at"), ("books", "registered_at")):
        missing = f"SELECT count(*) FROM {table} WHERE {column} IS NULL"
        assert await ask(engine, missing) == 0
    known = "SELECT count(DISTINCT registered_at) FROM books WHERE registered_at > '2000-01-01'"
    assert await ask(engine, known) == ROWS + written
