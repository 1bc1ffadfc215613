"""Subscribers and their projections."""

from typing import Any

import pytest

from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import EVENTS, BookRegistered, ClubEvent, ImportStepDue
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import wire_type
from reading_club.service.activity import ActivityEntry
from reading_club.service.imports.subscriber import imports
from reading_club.service.projections import activity
from reading_club.service.subscribers import SUBSCRIBERS
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_reviewer, an_event


def test_the_activity_log_hears_everything() -> None:
    """The activity log handles every event of the club, but the steps of imports."""
    assert activity.types == {wire_type(event) for event in EVENTS if event is not ImportStepDue}
    assert imports.types == {wire_type(ImportStepDue)}


def test_subscribers_have_names_of_their_own() -> None:
    """A name is a queue: two subscribers on one queue would share its messages."""
    names = [subscriber.name for subscriber in SUBSCRIBERS]

    assert len(names) == len(set(names))


async def test_the_activity_shows_an_event_once(uow: InMemoryUnitOfWork) -> None:
    """The same event twice is one entry."""
    event = an_event()

    async with uow as transaction:
        await activity.handle(event, uow)
        await activity.handle(event, uow)
        await transaction.commit()

    assert list(uow.database.activity.values()) == [ActivityEntry.of(event)]


async def test_an_event_that_it_does_not_hear_changes_nothing(uow: InMemoryUnitOfWork) -> None:
    """A stale binding may deliver an event without a handler."""
    heard: list[ClubEvent] = []
    subscriber = Subscriber[Any, Any]("test")

    @subscriber.on(BookRegistered)
    async def hear(event: BookRegistered, _: AbstractUnitOfWork) -> None:
        heard.append(event)

    wanted = an_event()
    async with uow as transaction:
        for event in (wanted, *a_reviewer().messages):
            assert isinstance(event, ClubEvent)
            await subscriber.handle(event, uow)
        await transaction.rollback()

    assert heard == [wanted]
    assert subscriber.types == {"book_registered_v1"}


def test_one_handler_an_event() -> None:
    """A second handler for the same event raises ValueError."""
    subscriber = Subscriber[Any, Any]("test")

    @subscriber.on(BookRegistered)
    async def first(event: BookRegistered, _: AbstractUnitOfWork) -> None: ...

    with pytest.raises(ValueError, match="BookRegistered"):
        subscriber.on(BookRegistered)(first)


@pytest.mark.parametrize("name", ["", "relay"])
def test_a_name_that_means_all_subscribers_is_refused(name: str) -> None:
    """The outbox and dead letters store such a name for events that go to all subscribers."""
    with pytest.raises(ValueError, match="all subscribers"):
        Subscriber[ClubEvent, AbstractUnitOfWork](name)
