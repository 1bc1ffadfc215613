"""The subscriber that gives members notices of new books and new reviews.

Only the first version of a review is news.
"""

from reading_club.domain.messages import (
    BookRegistered,
    BookRegisteredV2,
    ClubEvent,
    ReviewCreated,
)
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.notifications.notices import News
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.service.versions import VERSIONS

notices = Subscriber[ClubEvent, AbstractUnitOfWork]("notices", versions=VERSIONS)


async def tell_of_book(event: BookRegistered | BookRegisteredV2, uow: AbstractUnitOfWork) -> None:
    """Give those who follow the club a notice of the book."""
    await uow.notices.add(News(event.message_id, event.created_at, event.id))


notices.on(BookRegistered)(tell_of_book)
notices.on(BookRegisteredV2)(tell_of_book)


@notices.on(ReviewCreated)
async def tell_of_review(event: ReviewCreated, uow: AbstractUnitOfWork) -> None:
    """Give those who follow the book or the club a notice of the review, but not its writer."""
    await uow.notices.add(
        News(event.message_id, event.created_at, event.book_id, event.id, event.reviewer_id)
    )
