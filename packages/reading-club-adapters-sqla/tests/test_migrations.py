"""The history of the schema, where it does not depend on the database."""

import pytest
from alembic.script import ScriptDirectory

from reading_club.adapters.uow_sqla import create_engine, migrations
from reading_club.adapters.uow_sqla.migrations.state import config
from reading_club.service.errors import StorageUnavailable


def test_there_is_one_head() -> None:
    """Two branches would leave it open what the newest schema is."""
    scripts = ScriptDirectory.from_config(config())

    assert scripts.get_heads() == [migrations.head()]


async def test_a_database_that_is_away_is_a_transient_failure(unreachable: str) -> None:
    """Asking for the revision fails like any other use of the database."""
    engine = create_engine(unreachable)

    with pytest.raises(StorageUnavailable):
        await migrations.current(engine)
    await engine.dispose()
