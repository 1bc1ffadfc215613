"""What migrations promise."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import metadata, migrations


class TestMigrations:
    """The schema can be moved both ways, and ends as the metadata says."""

    async def test_up_down_and_up_again(self, empty_engine: AsyncEngine) -> None:
        """Each way is walked whole, and ends where it says."""
        assert await migrations.current(empty_engine) is None
        for _ in range(2):
            await migrations.upgrade(empty_engine)
            assert await migrations.is_current(empty_engine)
            await migrations.downgrade(empty_engine, "base")
            assert await migrations.current(empty_engine) is None
            assert await tables_of(empty_engine) == ["alembic_version"]

    async def test_two_at_once_wait_for_each_other(self, empty_engine: AsyncEngine) -> None:
        """Programs that start together bring the schema up once."""
        await asyncio.gather(*[migrations.upgrade(empty_engine) for _ in range(3)])

        assert await migrations.is_current(empty_engine)

    async def test_they_make_the_tables_of_the_metadata(self, empty_engine: AsyncEngine) -> None:
        """Nothing is in the one and not in the other."""
        await migrations.upgrade(empty_engine)

        async with empty_engine.connect() as connection:
            assert await connection.run_sync(differences) == []

    async def test_one_that_fails_changes_nothing(self, empty_engine: AsyncEngine) -> None:
        """All of it or nothing: a table that is in the way undoes the others."""
        async with empty_engine.begin() as connection:
            await connection.exec_driver_sql("CREATE TABLE reviews (id INTEGER)")

        with pytest.raises(DBAPIError, match="reviews"):
            await migrations.upgrade(empty_engine)

        assert await tables_of(empty_engine) == ["reviews"]


async def tables_of(engine: AsyncEngine) -> list[str]:
    """Return the names of the tables of a database."""
    async with engine.connect() as connection:
        return await connection.run_sync(lambda sync: inspect(sync).get_table_names())


def differences(connection: Connection) -> list[Any]:
    """Return what Alembic would still have to change."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), metadata))
