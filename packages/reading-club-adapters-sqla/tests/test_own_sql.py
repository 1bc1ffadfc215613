"""SQL of an application's own, in the transaction of its unit of work."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream import SQLStreamUnitOfWork, TransactionConnection
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.testing.application_tables import (
    metadata,
    order,
    orders,
    tables,
)
from reading_club.adapters.uow_sqla.testing.transactional_outbox import parcel
from reading_club.eventstream.errors import StorageUnavailable, UnitOfWorkClosed
from reading_club.eventstream.unit_of_work import per_transaction

INSERT = text("INSERT INTO orders (id) VALUES (:id)")


class Orders:
    """A repository of the application."""

    def __init__(self, session: Session) -> None:
        self.connection = TransactionConnection(session)

    async def add(self, id_: int) -> None:
        """Insert an order."""
        await self.connection.execute(order(id_))


class ShopUnitOfWork(SQLStreamUnitOfWork):
    """The application's unit of work."""

    tables = tables
    orders = per_transaction(Orders)


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """An engine on a file with the application's tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'shop.sqlite3'}")
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


@pytest.fixture
def uow(engine: AsyncEngine) -> ShopUnitOfWork:
    """A unit of work whose events go to the outbox."""
    return ShopUnitOfWork(RecordingOutboxTransport(), engine)


async def ids(engine: AsyncEngine) -> list[int]:
    """Return the ids of the committed orders."""
    async with engine.connect() as connection:
        return list(await connection.scalars(select(orders.c.id).order_by(orders.c.id)))


async def test_it_is_committed_with_the_messages_and_the_repositories(
    engine: AsyncEngine, uow: ShopUnitOfWork
) -> None:
    """The statements of one transaction, with parameters and results, in their order."""
    async with uow as transaction:
        await uow.orders.add(1)
        await uow.connection.execute(INSERT, [{"id": 2}, {"id": 3}])
        await uow.messagestore.add(parcel())
        assert await uow.connection.scalar(select(orders.c.id).where(orders.c.id == 2)) == 2
        assert await uow.connection.scalar(select(orders.c.id).where(orders.c.id == 7)) is None
        assert len((await uow.connection.scalars(select(orders.c.id))).all()) == 3
        await transaction.commit()

    assert await ids(engine) == [1, 2, 3]


async def test_it_is_undone_by_a_rollback(engine: AsyncEngine, uow: ShopUnitOfWork) -> None:
    """Nothing of a transaction that is rolled back is stored."""
    async with uow as transaction:
        await uow.connection.execute(INSERT, {"id": 1})
        await transaction.rollback()

    assert await ids(engine) == []


async def test_it_begins_as_a_writer_on_sqlite(engine: AsyncEngine, uow: ShopUnitOfWork) -> None:
    """A SELECT that comes first cannot make a later write fail on another transaction."""
    other = ShopUnitOfWork(RecordingOutboxTransport(), engine)
    async with uow as transaction:
        await uow.connection.scalar(select(orders.c.id))
        async with engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            with pytest.raises(Exception, match="locked"):
                await connection.execute(order(9))
        await uow.connection.execute(order(1))
        await transaction.commit()
    async with other as transaction:
        await other.orders.add(2)
        await transaction.commit()

    assert await ids(engine) == [1, 2]


async def test_a_lost_connection_is_a_transient_failure(
    engine: AsyncEngine, uow: ShopUnitOfWork
) -> None:
    """The driver's error is translated, and ends the transaction."""
    with pytest.raises(StorageUnavailable):
        async with uow:
            await uow.connection.execute(order(1))
            connection = uow.session._connection
            assert connection is not None
            await connection.invalidate()
            await uow.connection.execute(order(2))

    assert await ids(engine) == []


async def test_a_statements_own_error_is_sqlalchemys(uow: ShopUnitOfWork) -> None:
    """A violated constraint is for the application to decide on."""
    async with uow as transaction:
        await uow.connection.execute(order(1))
        with pytest.raises(IntegrityError):
            await uow.connection.execute(order(1))
        await transaction.rollback()


async def test_after_the_end_it_raises(uow: ShopUnitOfWork) -> None:
    """A connection that was kept executes nothing after the transaction."""
    async with uow as transaction:
        kept = uow.connection
        await transaction.commit()

    with pytest.raises(UnitOfWorkClosed):
        await kept.execute(order(1))


async def test_a_unit_of_work_that_only_reads_executes_selects(engine: AsyncEngine) -> None:
    """All else would be committed statement by statement, and raises TypeError."""
    uow = ShopUnitOfWork(RecordingOutboxTransport(), engine, read_only=True)
    async with uow as transaction:
        assert await uow.connection.scalar(select(orders.c.id)) is None
        for statement in (order(1), INSERT.bindparams(id=1)):
            with pytest.raises(TypeError, match="only reads"):
                await uow.connection.execute(statement)
        await transaction.rollback()


async def test_an_insert_may_resolve_its_conflict(engine: AsyncEngine, uow: ShopUnitOfWork) -> None:
    """``insert_into`` is the INSERT of the database's dialect."""
    async with uow as transaction:
        connection = transaction.uow.connection
        new = connection.insert_into(orders).values(id=7).on_conflict_do_nothing()
        for _ in range(2):
            await connection.execute(new)
        await transaction.commit()

    assert await ids(engine) == [7]
