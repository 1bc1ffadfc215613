"""What every storage of imports promises."""

from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.imports.book_imports import (
    KEPT_DAYS,
    READING_SECONDS,
    ImportState,
)
from reading_club.service.imports.errors import (
    ImportInterrupted,
    ImportNotFound,
    ImportUnfinished,
)
from reading_club.service.imports.import_rows import ENDED, ImportRow, Outcome, Sums
from reading_club.testing.contracts.club.accounts_helpers import DAY
from reading_club.testing.contracts.club.import_helpers import ImportFixtures, a_line

COLUMNS = ("Title", "Author")


class BookImportsContract(ImportFixtures):
    """An import belongs to an account, has one state, and each of its rows has one outcome."""

    async def begin(self, account_id: Any, id: Any) -> None:
        """Begin an import whose file is read."""
        await self.run(
            lambda uow: uow.imports.begin(
                id, account_id=account_id, format="Goodreads", columns=COLUMNS
            )
        )

    async def add(self, id: Any, *rows: ImportRow) -> None:
        """Add rows."""
        await self.run(lambda uow: uow.imports.add_rows(id, rows))

    async def test_a_member_has_one_import_that_is_not_finished(self) -> None:
        """Another member has another one, and a finished one does not count."""
        mine, other = await self.an_account(), await self.an_account()
        first = await self.store(mine, a_line("Emma"))
        await self.store(other, a_line("Persuasion"))

        with pytest.raises(ImportUnfinished):
            await self.store(mine, a_line("Room"))
        await self.finish(first)
        second = await self.store(mine, a_line("Room"))

        listed = await self.run(lambda uow: uow.imports.list(mine))
        assert [each.id for each in listed] == [second, first]
        with pytest.raises(AccountNotFound):
            await self.store(uuid7(), a_line("Room"))

    async def test_an_interrupted_reading_is_replaced(self) -> None:
        """Once its process is surely dead; that process can store no row any more."""
        mine, id_ = await self.an_account(), uuid7()
        await self.begin(mine, id_)
        await self.add(id_, ImportRow(2, ("Emma", "Jane Austen")))

        await self.pass_time(READING_SECONDS - 1.0)
        with pytest.raises(ImportUnfinished):
            await self.begin(mine, uuid7())
        await self.pass_time(2.0)
        await self.begin(mine, uuid7())

        with pytest.raises(ImportInterrupted):
            await self.add(id_, ImportRow(3, ("Room", "Emma Donoghue")))
        assert await self.run(lambda uow: uow.imports.find(mine, id_)) is None

    async def test_a_file_that_is_given_up_leaves_nothing(self) -> None:
        """An import that runs is not given up."""
        mine, id_ = await self.an_account(), uuid7()
        await self.begin(mine, id_)
        await self.add(id_, ImportRow(2, ("Emma", "Jane Austen")))

        await self.run(lambda uow: uow.imports.give_up(id_))
        running = await self.store(mine, a_line("Room"))
        await self.run(lambda uow: uow.imports.give_up(running))

        (left,) = await self.run(lambda uow: uow.imports.list(mine))
        assert (left.id, left.state) == (running, ImportState.RUNNING)

    async def test_it_stops_and_goes_on(self) -> None:
        """A step that was due before the stop is not handled after it."""
        mine = await self.an_account()
        id_ = await self.store(mine, *(a_line(f"Book {n}") for n in range(3)))

        await self.run(lambda uow: uow.imports.stop(mine, id_))
        while_stopped = await self.handle(id_, 1)
        stopped = await self.found(mine, id_)
        number = await self.run(lambda uow: uow.imports.run(mine, id_, state=ImportState.STOPPED))
        again = await self.run(lambda uow: uow.imports.run(mine, id_, state=ImportState.STOPPED))
        late = await self.handle(id_, 1)
        due = await self.handle(id_, number)

        assert (while_stopped, late, again) == ([], [], None)
        assert (stopped.state, stopped.sums) == (ImportState.STOPPED, Sums(waiting=3))
        assert due == [number + 1]
        assert (await self.found(mine, id_)).sums == Sums(waiting=1, added=2)

    async def test_rows_that_wait_are_skipped_at_the_end(self) -> None:
        """The member may end an import at any time; what was handled stays."""
        mine = await self.an_account()
        id_ = await self.store(mine, *(a_line(f"Book {n}") for n in range(3)))
        await self.handle(id_, 1)

        for _ in "12":
            await self.run(lambda uow: uow.imports.end(mine, id_))

        ended = await self.found(mine, id_)
        assert (ended.state, ended.sums) == (ImportState.FINISHED, Sums(added=2, skipped=1))
        assert await self.handle(id_, 2) == []
        reading = uuid7()
        await self.begin(mine, reading)
        await self.run(lambda uow: uow.imports.end(mine, reading))
        assert await self.run(lambda uow: uow.imports.find(mine, reading)) is None

    async def test_another_member_cannot_touch_it(self) -> None:
        """It is as if it did not exist."""
        mine, other = await self.an_account(), await self.an_account()
        id_ = await self.store(mine, a_line("Emma"))

        for work in (
            lambda uow: uow.imports.stop(other, id_),
            lambda uow: uow.imports.end(other, id_),
            lambda uow: uow.imports.run(other, id_, state=ImportState.RUNNING),
        ):
            with pytest.raises(ImportNotFound):
                await self.run(work)
        assert await self.run(lambda uow: uow.imports.find(other, id_)) is None
        assert (await self.found(mine, id_)).state is ImportState.RUNNING

    async def test_a_step_does_not_overwrite_another_one(self) -> None:
        """Outcomes are stored for the step that is next, and for no other one."""
        mine = await self.an_account()
        id_ = await self.store(mine, a_line("Emma"))
        row = ImportRow(2).with_outcome(Outcome.KNOWN)

        for number in (1, 3):
            with pytest.raises(WriteConflict):
                await self.run(
                    lambda uow, n: uow.imports.record(id_, [row], number=n, is_last=True), number
                )

        assert (await self.found(mine, id_)).sums == Sums(waiting=1)

    async def test_cells_are_kept_of_rejected_rows_alone(self) -> None:
        """They are needed to mend the row; words of others are dropped as soon as handled."""
        row = ImportRow(2, ("Emma", "Jane Austen"))

        assert row.with_outcome(Outcome.REJECTED, "Title", "is wrong").cells == row.cells
        assert row.with_outcome(Outcome.ADDED).cells == ()
        assert row.with_outcome(Outcome.SKIPPED, reason=ENDED).reason == ENDED

    async def test_rejected_rows_are_read_in_pages(self) -> None:
        """In the order of the file, each with its cells, its column and the reason."""
        mine, id_ = await self.an_account(), uuid7()
        await self.begin(mine, id_)
        rows = [
            ImportRow(line, (f"Bücher {line}", "")).with_outcome(Outcome.REJECTED, "Author", "no")
            for line in (5, 3, 4)
        ]
        await self.add(id_, *rows, ImportRow(2, ("Emma", "Jane Austen")))

        first = await self.run(lambda uow: uow.imports.rejected(id_, limit=2))
        second = await self.run(lambda uow: uow.imports.rejected(id_, after=4, limit=2))

        assert [*first, *second] == [rows[1], rows[2], rows[0]]

    async def test_old_imports_are_deleted(self) -> None:
        """With their rows, a month after the last change."""
        mine = await self.an_account()
        await self.finish(await self.store(mine, a_line("Emma", isbn="1")))

        await self.pass_time((KEPT_DAYS - 1) * DAY)
        kept = await self.run(lambda uow: uow.imports.prune())
        await self.pass_time(2 * DAY)
        pruned = await self.run(lambda uow: uow.imports.prune())

        assert (kept, pruned) == ({"imports": 0}, {"imports": 1})
        assert list(await self.run(lambda uow: uow.imports.list(mine))) == []

    async def test_it_goes_with_the_account(self) -> None:
        """So do its rows, which hold words of the member."""
        mine = await self.an_account()
        id_ = await self.store(mine, a_line("Emma", isbn="1"), a_line("Room"))

        await self.run(lambda uow: uow.accounts.remove(mine))

        assert list(await self.run(lambda uow: uow.imports.list(mine))) == []
        assert list(await self.run(lambda uow: uow.imports.rejected(id_))) == []
        assert await self.handle(id_, 1) == []
