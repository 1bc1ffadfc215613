"""What all storages of what members follow promise."""

from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.domain.errors import AccountNotFound, BookNotFound, FollowsTooMany
from reading_club.service.notifications.follows import MOST_BOOKS, FollowedBook, Following
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book
from reading_club.testing.contracts.club.notifications_helpers import NoticeFixtures

NOTHING = Following(club=False, books=[])


class FollowsContract(NoticeFixtures):
    """A member follows books and the club until the member ends it, or leaves."""

    async def books(self, *titles: str) -> list[UUID]:
        """Store books with these titles, and return their ids."""
        books = [a_book(title=title) for title in titles]

        async def add(uow: AbstractUnitOfWork) -> None:
            for book in books:
                await uow.books.add(book)

        await self.run(add)
        return [book.id for book in books]

    async def following(self, account_id: UUID) -> Following:
        """Return what the account follows."""
        found: Following = await self.run(lambda uow: uow.follows.of(account_id))
        return found

    async def test_the_club_is_followed_until_it_is_not(self) -> None:
        """A second request changes nothing, in both directions; others follow nothing."""
        mine, other = await self.an_account(), await self.an_account()
        for _ in range(2):
            await self.run(lambda uow: uow.follows.follow_club(mine))
        followed = await self.following(mine)
        for _ in range(2):
            await self.run(lambda uow: uow.follows.unfollow_club(mine))

        assert followed == Following(club=True, books=[])
        assert await self.following(mine) == await self.following(other) == NOTHING

    async def test_books_are_followed_until_they_are_not(self) -> None:
        """The last one that was followed is the first of the list; a second request is none."""
        account = await self.an_account()
        first, second = await self.books("First", "Second")
        for book in (first, second, first):
            await self.run(lambda uow, id_: uow.follows.follow_book(account, id_), book)
            await self.pass_time(1)

        both = await self.following(account)
        for _ in range(2):
            await self.run(lambda uow: uow.follows.unfollow_book(account, second))

        assert both.books == [FollowedBook(second, "Second"), FollowedBook(first, "First")]
        assert (await self.following(account)).books == [FollowedBook(first, "First")]
        assert [
            await self.run(lambda uow, id_: uow.follows.follows_book(account, id_), book)
            for book in (first, second)
        ] == [True, False]

    async def test_what_does_not_exist_is_not_followed(self) -> None:
        """An unknown book is refused, and so is an unknown account."""
        account, (book,) = await self.an_account(), await self.books("Known")

        with pytest.raises(BookNotFound):
            await self.run(lambda uow: uow.follows.follow_book(account, uuid7()))
        with pytest.raises(AccountNotFound):
            await self.run(lambda uow: uow.follows.follow_book(uuid7(), book))
        with pytest.raises(AccountNotFound):
            await self.run(lambda uow: uow.follows.follow_club(uuid7()))
        await self.run(lambda uow: uow.follows.unfollow_book(account, uuid7()))
        assert await self.following(account) == NOTHING

    async def test_a_member_follows_so_many_books_at_most(self) -> None:
        """One more is refused, until one is withdrawn; one that is followed already is not."""
        account, other = await self.an_account(), await self.an_account()
        *books, last = await self.books(*map(str, range(MOST_BOOKS + 1)))

        async def follow(uow: AbstractUnitOfWork) -> None:
            for book in books:
                await uow.follows.follow_book(account, book)

        await self.run(follow)

        with pytest.raises(FollowsTooMany):
            await self.run(lambda uow: uow.follows.follow_book(account, last))
        await self.run(lambda uow: uow.follows.follow_book(account, books[0]))
        await self.run(lambda uow: uow.follows.follow_book(other, last))
        assert len((await self.following(account)).books) == MOST_BOOKS
        await self.withdraw(books[0])
        await self.run(lambda uow: uow.follows.follow_book(account, last))
        assert (await self.following(account)).books[0] == FollowedBook(last, str(MOST_BOOKS))

    async def test_a_withdrawn_book_is_followed_no_more(self) -> None:
        """It is not listed, and who followed it is refused as others are."""
        account, other = await self.an_account(), await self.an_account()
        book, left = await self.books("Gone", "Left")
        for each in (left, book):
            await self.run(lambda uow, id_: uow.follows.follow_book(account, id_), each)
        await self.withdraw(book)

        for each in (account, other):
            with pytest.raises(BookNotFound):
                await self.run(lambda uow, id_: uow.follows.follow_book(id_, book), each)
        assert (await self.following(account)).books == [FollowedBook(left, "Left")]

    async def test_who_leaves_follows_nothing(self) -> None:
        """Nothing of it is left for the removed account."""
        account, (book,) = await self.an_account(), await self.books("Known")
        await self.run(lambda uow: uow.follows.follow_club(account))
        await self.run(lambda uow: uow.follows.follow_book(account, book))

        await self.run(lambda uow: uow.accounts.remove(account))

        assert await self.following(account) == NOTHING
