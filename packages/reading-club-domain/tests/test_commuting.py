"""Projections are idempotent and commutative."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.read_models import READ_MODELS
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import ClubEvent
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.builders import a_book, a_review, a_reviewer

PROJECTIONS = [table for model in READ_MODELS for table in model.tables]
WITHDRAWN = None
LATER = st.lists(st.integers(0, 10) | st.just(WITHDRAWN), max_size=4)
REVIEWS = st.lists(st.tuples(st.integers(0, 10), LATER), max_size=3)


@st.composite
def streams(draw: st.DrawFn) -> list[ClubEvent]:
    """Return the events of a few books, some corrected or withdrawn, with their reviews.

    Some reviews were revised or withdrawn, some of the reviewers erased.
    """
    aggregates: list[Any] = []
    for ratings in draw(st.lists(REVIEWS, min_size=1, max_size=3)):
        book = a_book(isbn=draw(st.sampled_from([None, False])))
        for number in range(draw(st.integers(0, 2))):
            book.correct(book.isbn, f"title {number}", "author", book.id)
        aggregates.append(book)
        for first, others in ratings:
            reviewer = a_reviewer()
            review = a_review(book=book, reviewer=reviewer, rating=first)
            for number, rating in enumerate(others):
                if rating is None:
                    review.withdraw(by=reviewer.id)
                else:
                    review.revise(rating, f"revision {number}")
            if draw(st.booleans()):
                reviewer.erase()
            aggregates += [reviewer, review]
        if draw(st.booleans()):
            book.withdraw(book.id)
    return [event for aggregate in aggregates for event in aggregate.messages]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[ClubEvent], list[ClubEvent]]:
    """Return a stream, and a delivery of each event at least once in any order."""
    events = draw(streams())
    copies = draw(st.lists(st.sampled_from(events), max_size=8))
    return events, draw(st.permutations([*events, *copies]))


async def projected(
    subscriber: Subscriber[Any, Any], events: Sequence[ClubEvent], *, inbox: bool
) -> dict[str, dict[Any, Any]]:
    """Return the tables of the projections after these events, one transaction each.

    Arrivals are told without their positions, which are the order of the delivery itself.
    """
    database = InMemoryDatabase()
    uow = InMemoryUnitOfWork(InMemoryEventstreamTransport(), database)
    for event in events:
        async with uow as transaction:
            receipt = InboxKey(subscriber.name, event.message_id)
            if not inbox or await transaction.uow.inbox.insert_new(receipt):
                await subscriber.handle(event, uow)
            await transaction.commit()
    assert sorted(database.activity_arrivals.values()) == list(
        range(1, len(database.activity_arrivals) + 1)
    )
    tables = {name: dict(getattr(database, name)) for name in PROJECTIONS}
    return {**tables, "activity_arrivals": dict.fromkeys(database.activity_arrivals)}


@pytest.mark.parametrize("inbox", [True, False], ids=["with the inbox", "without the inbox"])
@pytest.mark.parametrize("subscriber", SUBSCRIBERS, ids=lambda subscriber: subscriber.name)
def test_any_order_and_any_number_leave_the_same_tables(
    subscriber: Subscriber[Any, Any],
    inbox: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    """Projections leave the same tables with the inbox and without."""

    @settings(
        max_examples=20,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(deliveries())
    def check(delivery: tuple[list[ClubEvent], list[ClubEvent]]) -> None:
        events, delivered = delivery

        once = asyncio.run(projected(subscriber, events, inbox=True))
        tables = asyncio.run(projected(subscriber, delivered, inbox=inbox))

        assert tables == once

    check()
