"""What every storage promises about rebuilds of the projections."""

import asyncio
from typing import Final
from uuid import UUID

import pytest

from reading_club.domain.messages import CorrectBook, RegisterBook, WithdrawBook
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.contracts.club.accounts_helpers import OVERLAP
from reading_club.testing.contracts.club.rebuild_helpers import NAMES, RebuildFixtures

MENTIONS: Final = 2
"""How often what readers see names a book: in the catalogue, and in the activity log."""


class RebuildContract(RebuildFixtures):
    """A projection is built anew from the history, while it is read and written."""

    @pytest.mark.parametrize("name", NAMES)
    async def test_rebuilt_rows_are_equal(self, name: str) -> None:
        """Twice, readers see the same rows before a rebuild and after it."""
        books = await self.register(5)
        await self.a_member()
        await self.send(
            RegisterBook(id=UUID(int=1), title="Without an ISBN", author="A"),
            CorrectBook(id=books[3], title="Corrected", author="A", corrected_by=books[0]),
            WithdrawBook(id=books[4], withdrawn_by=books[0]),
        )
        await self.work()
        books.append(UUID(int=1))
        before = await self.shown(books)

        for _ in range(2):
            await self.rebuilt(name)

            assert await self.shown(books) == before

    @pytest.mark.parametrize("name", NAMES)
    async def test_a_new_projection_gets_its_rows(self, name: str) -> None:
        """A subscriber that has handled no event has all rows after the rebuild; late ones too."""
        books = await self.register(2)
        assert (await self.rebuilt(name)).left_out == []
        once = await self.shown(books)

        await self.work(name)

        assert await self.shown(books) == once
        assert all(str(id_) in once for id_ in books)

    async def test_readers_see_the_old_rows_until_the_switch(self) -> None:
        """While the rebuild has read a part of the history, nothing is missing or doubled."""
        books = await self.register(4)
        await self.work()
        before = await self.shown(books)
        await self.rebuild("catalogue").begin()

        assert await self.step("catalogue", 2) == 2

        assert await self.shown(books) == before

    async def test_wrong_rows_are_gone(self) -> None:
        """What no event of the history says is not among the rebuilt rows, or left of the old."""
        books = await self.register(1)
        (other,) = await self.books(1)

        async def put(uow: AbstractUnitOfWork) -> None:
            entries = await uow.catalogue.entries(books)
            await uow.catalogue.put(entries[books[0]].model_copy(update={"book_id": other.id}))

        await self.work()
        await self.run(put)
        assert str(other.id) in await self.shown([other.id])

        await self.rebuilt("catalogue")

        assert str(other.id) not in await self.shown([other.id, *books])
        assert await self.rebuild("catalogue").delete_old() == 0

    @pytest.mark.parametrize("name", NAMES)
    async def test_what_arrives_meanwhile_is_in_it(self, name: str) -> None:
        """An event that is published and handled during the rebuild is in the new rows."""
        books = await self.register(3)
        await self.work()
        rebuild = self.rebuild(name)
        await rebuild.begin()
        await self.step(name, 1)

        late = await self.register(2)
        await self.a_member()
        await self.work()
        before = await self.shown([*books, *late])
        assert await rebuild.run()

        assert await self.shown([*books, *late]) == before

    async def test_what_is_handled_while_the_rebuild_begins_is_in_it(self) -> None:
        """A worker that sees no rebuild handles an event that the rebuild sees in the history."""

        async def register_and_work() -> list[UUID]:
            books = await self.register(2)
            await self.work()
            return books

        rebuild = self.rebuild("catalogue")
        async with self.uow_factory() as transaction:
            await transaction.uow.projections.begin("catalogue", rebuild.subscriber.types)
            working = asyncio.create_task(register_and_work())
            await asyncio.wait([working], timeout=OVERLAP)
            await transaction.commit()
        books = await working

        assert await rebuild.run()

        shown = await self.shown(books)
        assert [id_ for id_ in books if shown.count(str(id_)) < MENTIONS] == []

    async def test_a_rebuild_that_was_killed_goes_on(self) -> None:
        """Each step stores its position with its rows: none is lost, or read twice."""
        books = await self.register(5)
        await self.work()
        before = await self.shown(books)
        await self.rebuild("catalogue").begin()
        await self.step("catalogue", 2)
        await self.step("catalogue", 2, kill=True)

        again = self.rebuild("catalogue")
        assert await again.begin() == 3
        assert await again.run()

        assert await self.shown(books) == before

    async def test_two_at_once_share_the_work(self) -> None:
        """The rows are as those of one."""
        books = await self.register(6)
        await self.work()
        before = await self.shown(books)
        both = [self.rebuild("catalogue"), self.rebuild("catalogue")]
        for each in both:
            await each.begin()

        assert any(await asyncio.gather(*[each.run() for each in both]))

        assert await self.shown(books) == before

    async def test_a_rebuild_is_cancelled(self) -> None:
        """The rows are as before, also for events that come later; another one may begin."""
        books = await self.register(2)
        await self.work()
        rebuild = self.rebuild("catalogue")
        await rebuild.begin()
        await self.step("catalogue", 1)

        assert await rebuild.cancel()

        assert not await rebuild.cancel()
        assert not await rebuild.run()
        late = await self.register(1)
        await self.work()
        assert len(await self.run(lambda uow: uow.catalogue.entries([*books, *late]))) == len(
            [*books, *late]
        )
        await self.rebuilt("catalogue")

    @pytest.mark.parametrize("opened", [1, 2, 3])
    async def test_another_rebuild_is_not_shown_before_its_end(self, opened: int) -> None:
        """Another process cancels a rebuild, and begins one anew, between two transactions."""
        books = await self.register(3)
        await self.work()
        before = await self.shown(books)
        rebuild, other = self.rebuild("catalogue"), self.rebuild("catalogue")
        await rebuild.begin()

        async def anew() -> None:
            await other.cancel()
            await other.begin()

        rebuild.make_uow = self.after(opened, anew)
        await rebuild.run()

        assert await self.shown(books) == before

    @pytest.mark.parametrize("opened", [1, 2, 3])
    async def test_a_cancelled_rebuild_is_not_reported_as_finished(self, opened: int) -> None:
        """It is cancelled by another process between two transactions, or not any more."""
        await self.register(3)
        rebuild, cancelled = self.rebuild("catalogue"), list[bool]()
        await rebuild.begin()

        async def cancel() -> None:
            cancelled.append(await self.rebuild("catalogue").cancel())

        rebuild.make_uow = self.after(opened, cancel)

        assert await rebuild.run() is (cancelled != [True])
