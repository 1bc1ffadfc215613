"""Tests of this release's verdict on later and earlier schemas."""

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.uow_sqla import migrations, orm

NEWER = "9999"


async def make_newer(engine: AsyncEngine, oldest: str | None) -> None:
    """Set a later revision, which declares ``oldest`` as its oldest compatible revision."""
    await migrations.upgrade(engine)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :new"), {"new": NEWER}
        )
        if oldest is not None:
            row = {"revision": NEWER, "oldest": oldest}
            await connection.execute(insert(orm.compatibility).values(row))


class TestSchemaState:
    """A later schema is usable if it declares this release compatible, and only then."""

    async def test_a_newer_schema_that_is_compatible_is_usable(
        self, empty_engine: AsyncEngine
    ) -> None:
        """A compatible schema is usable even before its migration is finished."""
        await make_newer(empty_engine, oldest=migrations.head())

        state = await migrations.state(empty_engine)

        assert (state.usable, state.revision) == (True, NEWER)
        assert f"{NEWER}, newer than this release ({migrations.head()})" in state.sentence

    async def test_one_that_needs_a_later_release_is_not(self, empty_engine: AsyncEngine) -> None:
        """An incompatible schema is unusable: the sentence asks for a release, not a migration."""
        await make_newer(empty_engine, oldest="9998")

        state = await migrations.state(empty_engine)

        assert (state.usable, state.revision) == (False, NEWER)
        assert "does not know" in state.sentence
        assert "migrate" not in state.sentence

    async def test_one_that_says_nothing_is_not(self, empty_engine: AsyncEngine) -> None:
        """A revision without a declaration is unusable: another program's, perhaps."""
        await make_newer(empty_engine, oldest=None)

        assert not (await migrations.state(empty_engine)).usable

    async def test_a_newer_schema_is_left_as_it_is(self, empty_engine: AsyncEngine) -> None:
        """An upgrade by an older release, as at its start, changes nothing."""
        await make_newer(empty_engine, oldest=migrations.head())

        await migrations.upgrade(empty_engine)

        assert await migrations.current(empty_engine) == NEWER

    async def test_one_that_is_behind_is_to_be_migrated(self, empty_engine: AsyncEngine) -> None:
        """An empty or an earlier schema is unusable, and its sentence names the command."""
        for revision in (None, "0001", "0002"):
            if revision is not None:
                await migrations.upgrade(empty_engine, revision)
            state = await migrations.state(empty_engine)
            assert (state.usable, state.revision) == (False, revision)
            assert f"needs {migrations.head()}: run `reading-club migrate`" in state.sentence
