"""What all storages of notices promise."""

from itertools import permutations

from reading_club.domain.messages import BookRegisteredV2, ReviewRevised
from reading_club.service.notifications.notices import BEFORE, KEPT
from reading_club.testing.contracts.club.notifications_helpers import NoticeFixtures, registered


class NoticesContract(NoticeFixtures):
    """An account has one notice of each event of what it follows."""

    async def test_a_book_is_news_for_those_who_follow_the_club(self) -> None:
        """With its title, author and time; who follows a book alone has no notice."""
        book, other = await self.a_stored_book("New"), await self.a_stored_book("Old")
        readers = [await self.a_follower(book), await self.a_follower(other)]
        club, event = await self.a_follower(), await self.at(registered(book))

        await self.handle(event)

        (notice,) = await self.notices_of(club)
        assert (notice.event_id, notice.occurred_at) == (event.message_id, event.created_at)
        assert (notice.book_id, notice.title, notice.author) == (book.id, "New", "Eric Evans")
        assert (notice.nickname, notice.rating) == (None, None)
        assert [await self.notices_of(reader) for reader in readers] == [[], []]

    async def test_a_book_of_the_second_version_is_news_as_well(self) -> None:
        """Also without an ISBN."""
        book, club = await self.a_stored_book("Second"), await self.a_follower()
        event = BookRegisteredV2(id=book.id, title="Second", authors=["A", "B"])

        await self.handle(await self.at(event))

        assert await self.titles_for(club) == ["Second"]

    async def test_a_review_is_news_for_those_who_follow_the_book_or_the_club(self) -> None:
        """With the present rating; not for who wrote it, nor for who follows another book."""
        book, other = await self.a_stored_book("Rated"), await self.a_stored_book()
        club, reader = await self.a_follower(), await self.a_follower(book)
        elsewhere, writer = await self.a_follower(other), await self.a_follower(book)
        _, event = await self.a_stored_review(book, by=writer, rating=3)

        await self.handle(await self.at(event))

        found = [await self.notices_of(each) for each in (club, reader, elsewhere, writer)]
        assert [len(notices) for notices in found] == [1, 1, 0, 0]
        assert (found[1][0].title, found[1][0].rating) == ("Rated", 3)
        assert found[1][0].nickname is not None

    async def test_an_event_makes_one_notice_however_often_it_comes(self) -> None:
        """Twice in a transaction and in another one, for who follows both club and book."""
        book, club = await self.a_stored_book("Once"), await self.a_follower()
        await self.run(lambda uow: uow.follows.follow_book(club, book.id))
        _, event = await self.a_stored_review(book)
        event = await self.at(event)

        await self.handle(event, event)
        await self.handle(event)

        assert await self.titles_for(club) == ["Once"]

    async def test_the_order_of_events_does_not_matter(self) -> None:
        """In every order, one transaction each, the notices are the same, the newest first."""
        books = [await self.a_stored_book(title) for title in ("First", "Second", "Third")]
        club = await self.a_follower()
        for number, order in enumerate(permutations(range(3))):
            club = await self.a_follower() if number else club
            events = [await self.at(registered(book)) for book in books]
            for index in order:
                await self.handle(events[index])

            assert await self.titles_for(club) == ["Third", "Second", "First"]
        assert [notice.title for notice in await self.notices_of(club, limit=2)] == [
            "Third",
            "Second",
        ]

    async def test_what_was_before_is_no_news(self) -> None:
        """Who follows now has no notice of an earlier event; clocks may differ by a minute."""
        before, just_before = await self.a_stored_book("Old"), await self.a_stored_book("New")
        club = await self.a_follower()
        old = await self.at(registered(before), -BEFORE - 30)
        new = await self.at(registered(just_before), -BEFORE + 30)

        await self.handle(old, new)

        assert await self.titles_for(club) == ["New"]

    async def test_what_is_followed_no_more_is_no_news(self) -> None:
        """The notices of before stay."""
        first, second = await self.a_stored_book("First"), await self.a_stored_book("Second")
        club = await self.a_follower()
        await self.handle(await self.at(registered(first)))
        await self.run(lambda uow: uow.follows.unfollow_club(club))

        await self.handle(await self.at(registered(second)))

        assert await self.titles_for(club) == ["First"]

    async def test_a_withdrawn_review_is_told_no_more(self) -> None:
        """Its notice is there again with the review, which is written again; that is no news."""
        book = await self.a_stored_book("Rated")
        reader = await self.a_follower(book)
        review, event = await self.a_stored_review(book)
        await self.handle(await self.at(event))
        review.withdraw(review.reviewer_id)
        await self.run(lambda uow: uow.reviews.update(review))
        withdrawn = await self.notices_of(reader)
        review.revise(5, "again")
        await self.run(lambda uow: uow.reviews.update(review))
        (revised,) = [each for each in review.messages if isinstance(each, ReviewRevised)]
        await self.handle(await self.at(revised))

        assert withdrawn == []
        assert [notice.rating for notice in await self.notices_of(reader)] == [5]

    async def test_a_withdrawn_book_is_told_no_more(self) -> None:
        """Neither the book nor its reviews; a book that is withdrawn before its event neither."""
        book, gone = await self.a_stored_book("Rated"), await self.a_stored_book("Gone")
        club = await self.a_follower()
        _, event = await self.a_stored_review(book)
        await self.handle(await self.at(registered(book)), await self.at(event))
        told = await self.titles_for(club)
        for each in (book, gone):
            await self.withdraw(each.id)

        await self.handle(await self.at(registered(gone)))

        assert told == ["Rated", "Rated"]
        assert await self.notices_of(club) == []

    async def test_notices_are_kept_for_a_while(self) -> None:
        """Pruned they are gone; the old event, replayed, does not make another one."""
        first, second = await self.a_stored_book("First"), await self.a_stored_book("Second")
        club = await self.a_follower()
        old = await self.at(registered(first))
        await self.handle(old)
        await self.pass_time(KEPT - 60)
        early = await self.run(lambda uow: uow.notices.prune())
        await self.handle(await self.at(registered(second)))
        await self.pass_time(120)

        pruned = await self.run(lambda uow: uow.notices.prune())
        await self.handle(await self.at(old, -KEPT - 60))

        assert (early, pruned) == (0, 1)
        assert await self.titles_for(club) == ["Second"]

    async def test_notices_go_with_the_account(self) -> None:
        """Who has left gets none of later events either."""
        book, club = await self.a_stored_book(), await self.a_follower()
        await self.handle(await self.at(registered(book)))
        await self.run(lambda uow: uow.accounts.remove(club))

        await self.handle(await self.at(registered(book)))

        assert await self.notices_of(club) == []
