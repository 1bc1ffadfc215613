"""What every storage promises about erasures during a rebuild."""

import asyncio
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from reading_club.domain.messages import EraseReviewer
from reading_club.eventstream.errors import TransientFailure, WriteConflict
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.contracts.club.accounts_helpers import OVERLAP
from reading_club.testing.contracts.club.erasure_helpers import COMMENT, NICKNAME
from reading_club.testing.contracts.club.rebuild_helpers import REGISTRY, RebuildFixtures


class RebuildErasureContract(RebuildFixtures):
    """Erased words stay erased during a rebuild and after it, in every order."""

    @pytest.mark.parametrize("when", ["before", "after a step", "after the switch"])
    async def test_erased_words_are_in_no_generation(self, when: str) -> None:
        """Whether it is erased and handled before, within or after the rebuild."""
        member, _ = await self.a_member()
        await self.work()
        rebuild = self.rebuild("activity")
        if when == "before":
            await self.erase(member)
        await rebuild.begin()
        await self.step("activity", 100)
        if when == "after a step":
            await self.erase(member)
        assert await rebuild.run()
        if when == "after the switch":
            await self.erase(member)

        await self.assert_no_word()

    async def test_words_that_were_read_before_the_erasure_do_not_come_back(self) -> None:
        """A step waits for the erasure, or the erasure for the step, whichever comes first."""
        member, _ = await self.a_member()
        await self.work()
        await self.rebuild("activity").begin()
        (activity,) = [each for each in SUBSCRIBERS if each.name == "activity"]
        async with self.uow_factory() as transaction:
            uow = transaction.uow
            events = await uow.projections.step("activity", activity.types, limit=100)
            erasing = asyncio.create_task(self.erase(member))
            await asyncio.wait([erasing], timeout=OVERLAP)
            for each in events:
                await activity.handle(REGISTRY.decode(each.envelope), uow)
            await uow.projections.reached("activity", events[-1].position)
            try:
                await transaction.commit()
            except WriteConflict:  # nothing waits in memory
                await transaction.rollback()
        try:
            await erasing
        except TransientFailure:  # on SQLite one of two writers is refused: once more
            await self.erase(member)
        assert await self.rebuild("activity").run()

        await self.assert_no_word()

    async def test_a_step_does_not_outlast_an_erasure(self) -> None:
        """The erasure waits for the step, or is refused, or the step is: its words are old."""
        member, _ = await self.a_member()
        await self.rebuild("activity").begin()
        async with self.uow_factory() as transaction:
            projections = transaction.uow.projections
            events = await projections.step("activity", ["review_created_v1"], limit=100)
            erasing = asyncio.create_task(self.send(EraseReviewer(id=member)))
            await asyncio.wait([erasing], timeout=OVERLAP)
            is_erased = erasing.done() and erasing.exception() is None
            await projections.reached("activity", events[-1].position)
            with pytest.raises(WriteConflict) if is_erased else nullcontext():
                await transaction.commit()
            await transaction.rollback()
        with suppress(TransientFailure):  # on SQLite one of two writers is refused
            await erasing

        assert COMMENT in events[0].envelope["payload"]

    async def erase(self, member: Any) -> None:
        """Erase a member, and let the workers handle it."""
        await self.send(EraseReviewer(id=member))
        await self.work()

    async def assert_no_word(self) -> None:
        """Assert that readers see no word, also after a further rebuild."""
        for _ in range(2):
            shown = await self.shown([])
            assert NICKNAME not in shown
            assert COMMENT not in shown
            await self.rebuilt("activity")
