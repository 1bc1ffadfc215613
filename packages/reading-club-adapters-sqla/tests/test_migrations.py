"""Tests of migrations that need no database."""

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.migrations.state import config
from reading_club.eventstream.errors import StorageUnavailable


def test_there_is_one_head() -> None:
    """The revisions form one sequence, so the newest schema is unambiguous."""
    scripts = ScriptDirectory.from_config(config())

    assert scripts.get_heads() == [migrations.head()]


async def test_a_database_that_is_away_is_a_transient_failure(unreachable: str) -> None:
    """Asking an unreachable database for its revision raises StorageUnavailable."""
    engine = create_engine(unreachable)

    with pytest.raises(StorageUnavailable):
        await migrations.current(engine)
    await engine.dispose()


async def test_a_version_table_of_its_own_leaves_that_of_others_alone(
    empty_engine: AsyncEngine,
) -> None:
    """In a database with another application's ``alembic_version`` the club goes up and down."""
    mine = "reading_club_version"
    async with empty_engine.begin() as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')"))

    await migrations.upgrade(empty_engine, version_table=mine)

    assert await migrations.current(empty_engine, version_table=mine) == migrations.head()
    assert (await migrations.state(empty_engine, version_table=mine)).usable
    assert not (await migrations.state(empty_engine)).usable
    await migrations.downgrade(empty_engine, "base", version_table=mine)
    assert await migrations.current(empty_engine, version_table=mine) is None
    assert await migrations.current(empty_engine) == "theirs"
