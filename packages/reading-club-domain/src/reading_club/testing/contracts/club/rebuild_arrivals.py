"""What every storage promises about arrivals in an activity log that is rebuilt."""

from uuid import UUID

from reading_club.service.activity import Arrival
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.rebuild_helpers import RebuildFixtures


class RebuildArrivalsContract(RebuildFixtures):
    """A reader of arrivals notices nothing of a rebuild and of its switch."""

    async def arrived(self, after: int = 0, limit: int = 100) -> list[Arrival]:
        """Return the arrivals above a position."""

        async def read(uow: AbstractUnitOfWork) -> list[Arrival]:
            return list(await uow.activity.arrived(after=after, limit=limit))

        found: list[Arrival] = await self.run(read)
        return found

    async def books_that_arrived(self, after: int = 0) -> list[UUID]:
        """Return the ids of the books whose registrations arrived above a position."""
        return [UUID(each.entry.payload["id"]) for each in await self.arrived(after)]

    async def test_a_rebuild_moves_no_arrival(self) -> None:
        """Twice, the arrivals are the same before a rebuild and after it."""
        await self.register(3)
        await self.work()
        before = await self.arrived()
        assert len(before) == 3

        for _ in range(2):
            await self.rebuilt("activity")

            assert await self.arrived() == before

    async def test_what_arrives_during_a_rebuild_arrives_once(self) -> None:
        """A reader gets it before the switch, and not again after it."""
        await self.register(2)
        await self.work()
        last = (await self.arrived())[-1].position
        rebuild = self.rebuild("activity")
        await rebuild.begin()
        await self.step("activity", 1)
        (late,) = await self.register(1)
        await self.work()
        assert await self.books_that_arrived(last) == [late]

        assert await rebuild.run()

        assert await self.books_that_arrived(last) == [late]

    async def test_an_event_that_a_rebuild_handles_first_arrives_with_its_worker(self) -> None:
        """The rebuild shows nothing as new; the worker's event arrives after the switch, once."""
        old = await self.register(2)
        assert (await self.rebuilt("activity")).left_out == []
        assert await self.arrived() == []

        await self.work()
        await self.work()

        assert await self.books_that_arrived() == old

    async def test_events_that_a_rebuild_leaves_out_hold_up_no_reader(self) -> None:
        """A reader whose page would have them alone gets what arrived after them."""
        left_out, *others = await self.register(2)
        await self.work()
        rebuild = self.rebuild("activity", leave_out=True)
        self.fail(rebuild, left_out)
        await rebuild.begin()
        assert await rebuild.run()

        assert await self.books_that_arrived() == others
        assert len(await self.arrived(limit=1)) == 1
