"""Members who follow, and news, for the contracts of notices."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from lastuuid import uuid7

from reading_club.domain.messages import ClubEvent
from reading_club.domain.model import Book, Review
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.subscriber import notices
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book, a_review, a_reviewer
from reading_club.testing.contracts.club.accounts_helpers import AccountFixtures


class NoticeFixtures(AccountFixtures):
    """Stores books and reviews, and lets the subscriber handle their events."""

    async def a_follower(self, book: Book | None = None) -> UUID:
        """Store an account that follows a book, or without one the club; return its id."""
        account = await self.an_account()

        async def follow(uow: AbstractUnitOfWork) -> None:
            if book is None:
                await uow.follows.follow_club(account)
            else:
                await uow.follows.follow_book(account, book.id)

        await self.run(follow)
        return account

    async def now(self) -> datetime:
        """Return the time by the storage's clock."""
        account = await self.an_account()
        stored = await self.run(lambda uow: uow.accounts.find(account))
        created_at: datetime = stored.created_at
        return created_at

    async def a_stored_book(self, title: str = "A book") -> Book:
        """Store a book and return it."""
        book = a_book(title=title)
        await self.run(lambda uow: uow.books.add(book))
        return book

    async def withdraw(self, book_id: UUID) -> None:
        """Withdraw a book."""

        async def withdraw(uow: AbstractUnitOfWork) -> None:
            book = await uow.books.get_for_update(book_id)
            book.withdraw(uuid7())
            await uow.books.update(book)

        await self.run(withdraw)

    async def a_stored_review(
        self, book: Book, by: UUID | None = None, rating: int = 8
    ) -> tuple[Review, ClubEvent]:
        """Store a review, by an account or by another member; return it with its event."""
        reviewer = a_reviewer()
        if by is None:
            await self.run(lambda uow: uow.reviewers.add(reviewer))
        else:
            account = await self.run(lambda uow: uow.accounts.find(by))
            reviewer = reviewer.model_copy(update={"id": account.reviewer_id})
        review = a_review(book=book, reviewer=reviewer, rating=rating)
        (event,) = [each for each in review.messages if isinstance(each, ClubEvent)]
        await self.run(lambda uow: uow.reviews.add(review))
        return review, event

    async def at(self, event: ClubEvent, seconds: float = 0.0) -> ClubEvent:
        """Return the event as of this number of seconds from now, by the storage's clock."""
        moment = await self.now() + timedelta(seconds=seconds)
        return event.model_copy(update={"created_at": moment})

    async def handle(self, *events: ClubEvent) -> None:
        """Handle events as the subscriber does, in one transaction."""

        async def handle(uow: AbstractUnitOfWork) -> None:
            for event in events:
                await notices.handle(event, uow)

        await self.run(handle)

    async def notices_of(self, account_id: UUID, limit: int = 50) -> Sequence[Notice]:
        """Return the notices of an account."""
        found: Sequence[Notice] = await self.run(
            lambda uow: uow.notices.page(account_id, limit=limit)
        )
        return found

    async def titles_for(self, account_id: UUID) -> list[str]:
        """Return the titles of the books of an account's notices."""
        return [notice.title for notice in await self.notices_of(account_id)]


def registered(book: Book) -> ClubEvent:
    """Return the event of a book, with an id of its own."""
    (event,) = [each for each in book.messages if isinstance(each, ClubEvent)]
    return event.model_copy(update={"message_id": uuid7()})
