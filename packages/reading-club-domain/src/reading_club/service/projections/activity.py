"""The subscriber that writes every published event to the activity log."""

from reading_club.domain.messages import (
    BookRegistered,
    BookRegisteredV2,
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
from reading_club.service.versions import VERSIONS

activity = Subscriber[ClubEvent, AbstractUnitOfWork]("activity", versions=VERSIONS)


@activity.on(BookRegistered, ReviewerCreated, ReviewCreated, ReviewRevised, ReviewWithdrawn)
async def record(event: ClubEvent, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log."""
    await uow.activity.record(ActivityEntry.of(event))


@activity.on(BookRegisteredV2)
async def record_book(event: BookRegisteredV2, uow: AbstractUnitOfWork) -> None:
    """Add the event as the first version, which readers of the log know."""
    shown = event.model_dump(exclude={"authors", "metadata"}) | {"author": event.author}
    await record(BookRegistered(**shown), uow)


@activity.on(ReviewerErased)
async def erase(event: ReviewerErased, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log, and drop the reviewer's words, also those to come."""
    await uow.activity.record(ActivityEntry.of(event))
    await uow.activity.erase(event.id)
