"""Tests of migrations that need no database."""

import pytest
from alembic.script import ScriptDirectory

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
