"""Tests of undefined tables, columns and functions: a wrong statement, or a wrong schema."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.orm import metadata
from reading_club.adapters.uow_sqla.testing.fixtures import checked_out, statements
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.outbox import Lease
from reading_club.testing.builders import a_book

WRONG = ["SELECT 1 FROM nowhere", "SELECT unheard_of FROM books", "SELECT unheard_of(1)"]


async def alter(engine: AsyncEngine, change: str) -> None:
    """Change the schema as a migration of another release does."""
    async with engine.begin() as connection:
        await connection.execute(text(change))


async def query(uow: SQLUnitOfWork, sql: str) -> None:
    """Run a statement in a transaction of its own."""
    async with uow as transaction:
        await transaction.uow.session.read(text(sql))
        await transaction.commit()


class TestWrongSchema:
    """After an undefined-object error the schema is checked before the statement is blamed."""

    @pytest.fixture
    async def engine(self, empty_engine: AsyncEngine) -> AsyncEngine:
        """An engine on a database of this test alone, with the tables."""
        async with empty_engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        return empty_engine

    @pytest.mark.parametrize("sql", WRONG)
    async def test_wrong_sql_is_its_own_fault(self, uow: SQLUnitOfWork, sql: str) -> None:
        """On a complete schema the error is passed on: a retry after a migration would not help."""
        with pytest.raises(DBAPIError):
            await query(uow, sql)

    @pytest.mark.parametrize("sql", WRONG)
    async def test_a_schema_that_lacks_a_table_is_an_outage(
        self, engine: AsyncEngine, uow: SQLUnitOfWork, sql: str
    ) -> None:
        """On an incomplete schema any undefined object raises StorageUnavailable."""
        await alter(engine, "DROP TABLE catalogue_ratings")

        with pytest.raises(StorageUnavailable, match="schema") as failure:
            await query(uow, sql)

        assert isinstance(failure.value.__cause__, DBAPIError)

    async def test_a_schema_that_lacks_a_column_is_an_outage(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """A repository's INSERT raises StorageUnavailable if a column is missing."""
        await alter(engine, "ALTER TABLE books DROP COLUMN search")

        with pytest.raises(StorageUnavailable, match="schema"):
            async with uow as transaction:
                await transaction.uow.books.add(a_book())

    async def test_an_outbox_that_is_missing_is_an_outage(
        self, engine: AsyncEngine, outbox: SQLOutbox
    ) -> None:
        """A claim raises StorageUnavailable if the outbox is missing, so the relay retries."""
        await alter(engine, "DROP TABLE outbox")

        with pytest.raises(StorageUnavailable, match="schema"):
            await outbox.claim(10, Lease(1.0))

    async def test_the_schema_is_looked_at_when_the_connection_is_back(
        self, engine: AsyncEngine, uow: SQLUnitOfWork
    ) -> None:
        """An undefined-object error costs one more statement, and other errors cost none."""
        async with statements(engine) as seen:
            with pytest.raises(DBAPIError):
                await query(uow, WRONG[0])
            with pytest.raises(DBAPIError):
                await query(uow, "SELEKT 1")

        assert checked_out(engine) == 0
        assert len([word for word in seen if word in {"SELECT", "SELEKT"}]) == 3
