"""Tests of the migration that makes nicknames that look the same different."""

from lastuuid import uuid7
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.testing.older_release import insert_as_before
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork

NO_BREAK_SPACE, WIDE_A, WIDE_X = "\u00a0", "\uff21", "\uff38"


class TestNicknameMigration:
    """Nicknames get the key of this release, and those that collide a number."""

    async def test_nicknames_that_look_the_same_get_numbers(
        self, empty_engine: AsyncEngine
    ) -> None:
        """The oldest keeps its nickname; a long one is cut for its number."""
        await migrations.upgrade(empty_engine, "0003")
        long = "x" * 50
        nicknames = ["Ann  B", f"Ann{NO_BREAK_SPACE}B", f"{WIDE_A}nn B", "Ann B 2"]
        nicknames += [long, long[1:] + WIDE_X]
        ids = [uuid7() for _ in nicknames]
        rows = [
            {"id": id_, "nickname": nickname, "nickname_key": nickname.casefold()}
            for id_, nickname in zip(ids, nicknames, strict=True)
        ]
        await insert_as_before(empty_engine, "reviewers", *rows)

        await migrations.upgrade(empty_engine)

        async with SQLUnitOfWork(InMemoryEventstreamTransport(), empty_engine) as transaction:
            found = [await transaction.uow.reviewers.get(id_) for id_ in ids]
            await transaction.rollback()
        assert [each.nickname for each in found] == [
            "Ann  B",
            f"Ann{NO_BREAK_SPACE}B 3",
            f"{WIDE_A}nn B 4",
            "Ann B 2",
            long,
            "x" * 48 + " 2",
        ]
        assert len({each.nickname_key for each in found}) == len(found)
