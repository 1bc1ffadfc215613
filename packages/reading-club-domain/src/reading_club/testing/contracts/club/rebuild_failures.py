"""What every storage promises about rebuilds that are refused, or that an event stops."""

from uuid import UUID

import pytest

from reading_club.eventstream.errors import EventNotRebuilt, RebuildRefused
from reading_club.service.projections import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.rebuild_helpers import RebuildFixtures
from reading_club.testing.contracts.eventstream import a_letter


class RebuildFailuresContract(RebuildFixtures):
    """No row is lost by a rebuild, whether the history or a handler lacks an event."""

    async def test_a_history_that_begins_too_late_is_refused(self) -> None:
        """Messages of a type were deleted: the rows of their events would be lost."""
        await self.register(1)
        types = sorted(SUBSCRIBERS[0].types)

        async def delete(uow: AbstractUnitOfWork) -> None:
            await uow.projections.record_deletion(types[:1])

        await self.run(delete)

        with pytest.raises(RebuildRefused, match=rf"{types[0]} were deleted.* Restore a backup"):
            await self.rebuild(SUBSCRIBERS[0].name).begin()

    async def test_what_is_deleted_meanwhile_ends_a_rebuild(self) -> None:
        """The rebuild may not have read it: the old rows stay, and another one is refused too."""
        books = await self.register(3)
        await self.work()
        before = await self.shown(books)
        rebuild = self.rebuild("catalogue")
        await rebuild.begin()
        await self.step("catalogue", 1)
        type_ = min(rebuild.subscriber.types)
        await self.run(lambda uow: uow.projections.record_deletion([type_]))

        with pytest.raises(RebuildRefused, match=rf"{type_} were deleted.* Cancel this rebuild"):
            await rebuild.run()

        assert await self.shown(books) == before
        assert await rebuild.cancel()
        with pytest.raises(RebuildRefused):
            await rebuild.begin()

    async def test_an_event_that_fails_stops_the_rebuild(self) -> None:
        """The old rows stay, unless it is decided to leave the event out: the others are read."""
        books = await self.register(3)
        await self.work()
        before = await self.shown(books)
        rebuild = self.rebuild("catalogue")
        id_ = self.fail(rebuild, books[1])
        await rebuild.begin()

        with pytest.raises(EventNotRebuilt, match=f"{id_} cannot be handled: KeyError"):
            await rebuild.run()

        assert await self.shown(books) == before
        rebuild.leave_out = True
        assert await rebuild.run()
        assert rebuild.left_out == [id_]
        entries = await self.run(lambda uow: uow.catalogue.entries(books))
        assert set(entries) == {books[0], books[2]}

    async def test_a_dead_letter_that_fails_again_is_left_out(self) -> None:
        """The old rows have no effect of it either."""
        books = await self.register(2)
        rebuild = self.rebuild("catalogue")
        id_ = self.fail(rebuild, books[0])
        letter = a_letter(subscriber="catalogue", message_id=UUID(id_))
        await self.run(lambda uow: uow.dead_letters.add(letter))
        await rebuild.begin()

        assert await rebuild.run()

        assert rebuild.left_out == [id_]
        assert set(await self.run(lambda uow: uow.catalogue.entries(books))) == {books[1]}
