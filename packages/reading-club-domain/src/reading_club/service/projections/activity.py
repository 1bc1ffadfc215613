"""The subscriber that writes every published event to the activity log."""

from reading_club.domain.messages import (
    BookCorrected,
    BookRegistered,
    BookRegisteredV2,
    BookWithdrawn,
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


@activity.on(
    *(BookRegistered, BookCorrected, BookWithdrawn, ReviewerCreated),
    *(ReviewCreated, ReviewRevised, ReviewWithdrawn),
)
async def record(event: ClubEvent, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log."""
    await uow.activity.record(ActivityEntry.of(event))


@activity.on(BookRegisteredV2)
async def record_book(event: BookRegisteredV2, uow: AbstractUnitOfWork) -> None:
    """Add the event as the first version, which readers of the log know, if it has an ISBN."""
    await uow.activity.record(ActivityEntry.of(_as_first(event) or event))


@activity.on(ReviewerErased)
async def erase(event: ReviewerErased, uow: AbstractUnitOfWork) -> None:
    """Add the event to the activity log, and drop the reviewer's words, also those to come."""
    await uow.activity.record(ActivityEntry.of(event))
    await uow.activity.erase(event.id)


def _as_first(event: BookRegisteredV2) -> BookRegistered | None:
    """Return the same fact in the first version, not validated; None without an ISBN."""
    if event.isbn is None:
        return None
    return BookRegistered.model_construct(
        message_id=event.message_id,
        created_at=event.created_at,
        id=event.id,
        isbn=event.isbn,
        title=event.title,
        author=event.author,
    )
