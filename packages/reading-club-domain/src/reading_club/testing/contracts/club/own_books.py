"""What every storage of members' shelves and dates promises."""

from datetime import date
from uuid import UUID

from reading_club.service.accounts.accounts import Account
from reading_club.service.book_files.exported_books import EXPORT_COLUMNS, HEADER
from reading_club.service.book_files.shelf_export import shelf_csv
from reading_club.service.imports.import_rows import Sums
from reading_club.service.imports.own_books import OwnBook
from reading_club.testing.builders import a_book, an_isbn
from reading_club.testing.contracts.club.import_helpers import ImportFixtures
from reading_club.testing.contracts.club.shelf_export import reading_on

SOME = OwnBook(("read", "sea"), date(2024, 5, 17), date(2023, 1, 2))


class OwnBooksContract(ImportFixtures):
    """A member's own shelves and dates come by imports, and go with exports."""

    async def some_books(self, number: int) -> list[UUID]:
        """Store books, and return their ids in their order."""
        books = [a_book() for _ in range(number)]
        for book in books:
            await self.run(lambda uow, b: uow.books.add(b), book)
        return sorted(book.id for book in books)

    async def account(self, account_id: UUID) -> Account:
        """Return the account."""
        account: Account = await self.run(lambda uow: uow.accounts.find(account_id))
        return account

    async def test_it_is_kept_by_book_and_account(self) -> None:
        """The last one counts; another member has nothing of it."""
        mine, other = await self.an_account(), await self.an_account()
        first, second, third = await self.some_books(3)
        whose = [(await self.account(each)).reviewer_id for each in (mine, other)]

        await self.run(lambda uow: uow.own_books.put(mine, {first: OwnBook(("x",)), second: SOME}))
        await self.run(lambda uow: uow.own_books.put(mine, {first: SOME}))
        await self.run(lambda uow: uow.own_books.put(mine, {}))

        found = [
            await self.run(lambda uow, r: uow.own_books.of_books(r, [first, third]), reviewer)
            for reviewer in whose
        ]
        assert found == [{first: SOME}, {}]

    async def test_it_is_read_in_pages_and_goes_with_the_account(self) -> None:
        """By the ids of the books; afterwards nothing is left."""
        mine, ids = await self.an_account(), await self.some_books(3)
        await self.run(lambda uow: uow.own_books.put(mine, dict.fromkeys(ids, SOME)))
        reviewer_id = (await self.account(mine)).reviewer_id

        first = await self.run(lambda uow: uow.own_books.page(mine, limit=2))
        second = await self.run(lambda uow: uow.own_books.page(mine, after=ids[1], limit=2))
        await self.run(lambda uow: uow.accounts.remove(mine))

        assert [*first, *second] == [(id_, SOME) for id_ in ids]
        assert await self.run(lambda uow: uow.own_books.of_books(reviewer_id, ids)) == {}

    async def exported(self, account_id: UUID) -> str:
        """Return the export of a member."""
        reviewer_id = (await self.account(account_id)).reviewer_id
        pages = shelf_csv(reading_on(self.uow_factory), reviewer_id)
        return "".join([page async for page in pages])

    async def test_an_export_comes_back_with_all_of_it(self) -> None:
        """Shelves and dates of the file are in the export, and in that of its import."""
        mine, other = await self.an_account(), await self.an_account()
        header = "Title,Author,ISBN13,My Rating,My Review,Date Read,Date Added,Bookshelves\n"
        lines = [
            f"Emma,Jane Austen,{an_isbn().canonical},4,Witty.,2024/05/17,2023/01/02,sea\n",
            f"Room,E. D.,{an_isbn().canonical},0,,,2023/01/03,currently-reading\n",
            f"Plain,Nobody,{an_isbn().canonical},0,,,,\n",
        ]
        await self.finish(await self.store(mine, *lines, header=header))
        first = await self.exported(mine)

        again = await self.store_bytes(other, first.encode())
        await self.finish(again)

        assert await self.exported(other) == first
        assert (await self.found(other, again)).sums == Sums(added=1, known=2)
        assert len(EXPORT_COLUMNS) == HEADER.count(",") + 1
        assert ",2024/05/17,2023/01/02,sea," in first
        assert ",2023/01/03,currently-reading,,currently-reading," in first
