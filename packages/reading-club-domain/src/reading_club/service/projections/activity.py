"""The activity log: everything that is published, newest first."""

from reading_club.domain.messages import (
    BookRegistered,
    ClubEvent,
    ReviewCreated,
    ReviewerCreated,
    ReviewRevised,
)
from reading_club.service.activity import ActivityEntry
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import Transaction

activity = Subscriber("activity")


@activity.on(BookRegistered, ReviewerCreated, ReviewCreated, ReviewRevised)
async def record(event: ClubEvent, transaction: Transaction) -> None:
    """Write the event down."""
    await transaction.uow.activity.record(ActivityEntry.of(event))
