"""What the rows of an import do to the club, on every storage."""

from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import ImportStepDue, WithdrawReview
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.book_files.rows import FileRefused
from reading_club.service.bus import ClubBus
from reading_club.service.imports.book_imports import ImportState
from reading_club.service.imports.import_rows import Sums
from reading_club.service.imports.row_handler import NO_ISBN, NO_RATING, NO_TITLE
from reading_club.service.imports.steps import handle_step
from reading_club.testing.builders import a_book, an_isbn
from reading_club.testing.contracts.club.import_helpers import HEADER, ImportFixtures, a_line


class OvertakenBus(ClubBus):
    """A bus whose books are registered by another transaction at that moment."""

    async def handle(self, command: Any, *_: Any, **__: Any) -> Any:
        """Refuse the command."""
        raise BookAlreadyRegistered(command.isbn)


class ImportEffectsContract(ImportFixtures):
    """A row registers its book and creates the member's review, once."""

    async def test_books_and_reviews_are_added_once(self) -> None:
        """The same file again finds all of it: nothing is done twice."""
        mine = await self.an_account()
        lines = [
            a_line("Emma", rating=4, review="Witty."),
            a_line("Room"),
            a_line("Persuasion", rating=5),
        ]

        first = await self.store(mine, *lines)
        await self.finish(first)
        second = await self.store(mine, *lines)
        await self.finish(second)

        assert (await self.found(mine, first)).sums == Sums(added=3)
        assert (await self.found(mine, second)).sums == Sums(known=3)
        assert (await self.found(mine, second)).state is ImportState.FINISHED
        account = await self.run(lambda uow: uow.accounts.find(mine))
        books = await self.run(lambda uow: uow.books.page())
        assert sorted(book.title for book in books) == ["Emma", "Persuasion", "Room"]
        reviews = await self.run(lambda uow: uow.reviews.page(reviewer_id=account.reviewer_id))
        said = {(each.title, each.review.rating, each.review.comment) for each in reviews}
        assert said == {("Emma", 8, "Witty."), ("Persuasion", 10, "")}

    async def test_the_shelf_has_the_order_of_the_file(self) -> None:
        """The last row of a file, whose newest book is the first one, is registered first."""
        mine = await self.an_account()
        titles = [f"Book {number}" for number in range(5)]

        id_ = await self.store(mine, *map(a_line, titles))
        due = [1]
        for _ in titles:
            due = await self.handle(id_, due[0]) if due else []
            await self.pass_time(1.0)

        books = await self.run(lambda uow: uow.books.page())
        steps = [{"Book 0"}, {"Book 1", "Book 2"}, {"Book 3", "Book 4"}]
        found = [book.title for book in books]
        assert [{found[0]}, {*found[1:3]}, {*found[3:]}] == steps

    async def test_a_rejected_row_says_why_and_changes_nothing(self) -> None:
        """With the line, the column as the file has it, and the reason; others are taken."""
        mine = await self.an_account()
        id_ = await self.store(
            mine,
            a_line("No ISBN", isbn=""),
            a_line("Wrong ISBN", isbn="12"),
            a_line("Unrated", review="Good."),
            a_line("Fine"),
        )
        await self.finish(id_)

        found = await self.found(mine, id_)
        rejected = await self.run(lambda uow: uow.imports.rejected(id_))
        told = [(row.line, row.field, row.reason) for row in rejected]
        assert found.sums == Sums(added=1, rejected=3)
        assert told[0] == (2, "ISBN13", NO_ISBN)
        assert told[1][:2] == (3, "ISBN13")
        assert told[2] == (4, "My Rating", NO_RATING)
        assert rejected[0].cells[0] == "No ISBN"
        assert [book.title for book in await self.run(lambda uow: uow.books.page())] == ["Fine"]

    async def test_a_list_of_isbns_finds_books_of_the_shelf(self) -> None:
        """It has no titles: a book that is not on the shelf is rejected."""
        mine, isbn = await self.an_account(), an_isbn()
        await self.run(lambda uow: uow.books.add(a_book(isbn=isbn)))

        id_ = await self.store(mine, f"{isbn}\n", f"{an_isbn()}\n", header="")
        await self.finish(id_)

        (rejected,) = await self.run(lambda uow: uow.imports.rejected(id_))
        assert (await self.found(mine, id_)).sums == Sums(known=1, rejected=1)
        assert (rejected.line, rejected.field, rejected.reason) == (2, "ISBN", NO_TITLE)

    async def test_what_the_member_said_here_stays(self) -> None:
        """Another rating, or a withdrawn review, is not replaced; the row is skipped."""
        mine = await self.an_account()
        said, taken_back = a_line("Said", rating=4), a_line("Taken back", rating=4)
        first = await self.store(mine, said, taken_back)
        await self.finish(first)
        account = await self.run(lambda uow: uow.accounts.find(mine))
        reviews = await self.run(lambda uow: uow.reviews.page(reviewer_id=account.reviewer_id))
        withdrawn = next(each.review for each in reviews if each.title == "Taken back")
        async with self.writing() as transaction:
            command = WithdrawReview(id=withdrawn.id, withdrawn_by=account.reviewer_id)
            await self.bus.handle(command, transaction)

        second = await self.store(mine, said.replace(",4,", ",5,"), taken_back)
        await self.finish(second)

        assert (await self.found(mine, second)).sums == Sums(skipped=2)
        (left,) = await self.run(lambda uow: uow.reviews.page(reviewer_id=account.reviewer_id))
        assert left.review.rating == 8

    async def test_a_book_gets_the_id_of_the_club_it_comes_from(self) -> None:
        """If the id is free: another book keeps its own."""
        mine, free, taken = await self.an_account(), uuid7(), a_book()
        await self.run(lambda uow: uow.books.add(taken))
        header = "Title,Author,ISBN13,Reading Club Book Id\n"

        id_ = await self.store(
            mine,
            f"Emma,Jane Austen,{an_isbn().canonical},{free}\n",
            f"Room,Emma Donoghue,{an_isbn().canonical},{taken.id}\n",
            header=header,
        )
        await self.finish(id_)

        ids = {book.title: book.id for book in await self.run(lambda uow: uow.books.page())}
        assert ids["Emma"] == free
        assert ids["Room"] not in {free, taken.id}

    async def test_a_file_that_is_refused_leaves_nothing(self) -> None:
        """Also if rows were stored before the line that cannot be read."""
        mine = await self.an_account()
        lines = [a_line(f"Book {number}") for number in range(300)]
        broken = "".join([HEADER, *lines]).encode() + b"\xff\n"

        with pytest.raises(FileRefused, match="line 302 is not in UTF-8"):
            await self.store_bytes(mine, broken)

        assert list(await self.run(lambda uow: uow.imports.list(mine))) == []

    async def test_a_book_that_another_transaction_registers_is_no_fault(self) -> None:
        """The step is tried again, and finds the book; nothing of the first try is stored."""
        mine, isbn = await self.an_account(), an_isbn()
        id_ = await self.store(mine, a_line("Emma", isbn=isbn.canonical, rating=4))

        async with self.uow_factory() as transaction:
            with pytest.raises(WriteConflict):
                event = ImportStepDue(import_id=id_, step=1)
                await handle_step(event, transaction.uow, OvertakenBus())
            await transaction.rollback()
        await self.finish(id_)

        assert (await self.found(mine, id_)).sums == Sums(added=1)
