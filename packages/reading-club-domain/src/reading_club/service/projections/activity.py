"""The subscriber that writes every published event to the activity log."""

from reading_club.domain.messages import (
    BookRegistered,
    ClubEvent,
    ReviewCreated,
    ReviewerCreated,
    ReviewerErased,
    ReviewRevised,
    ReviewWithdrawn,
)
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.activity import ActivityEntry
from reading_club.service.uow import AbstractUnitOfWork

activity = Subscriber[ClubEvent, AbstractUnitOfWork]("activity")


@activity.on(BookRegistered, ReviewerCreated, ReviewCreated, ReviewRevised, ReviewWithdrawn)
async def record(event: ClubEvent, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log."""
    await uow.activity.record(ActivityEntry.of(event))


@activity.on(ReviewerErased)
async def erase(event: ReviewerErased, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log, and drop the reviewer's words, also those to come."""
    await uow.activity.record(ActivityEntry.of(event))
    await uow.activity.erase(event.id)
