"""What every activity log promises."""

import asyncio
from itertools import permutations

from reading_club.domain.messages import ClubEvent
from reading_club.service.activity import ActivityEntry
from reading_club.service.projections import activity
from reading_club.testing.builders import a_book, a_review, a_reviewer, an_event
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


async def test_an_event_is_recorded_once(uow_factory: UnitOfWorkFactory) -> None:
    """The same event again, in this transaction or in another, changes nothing."""
    entry = ActivityEntry.of(an_event())
    for _ in range(2):
        async with uow_factory() as transaction:
            await transaction.uow.activity.record(entry)
            await transaction.uow.activity.record(entry)
            await transaction.commit()

    async with uow_factory() as transaction:
        assert list(await transaction.uow.activity.page()) == [entry]
        await transaction.rollback()


async def test_pages_follow_each_other(uow_factory: UnitOfWorkFactory) -> None:
    """Pages show the newest id first, and together every entry once."""
    entries = [ActivityEntry.of(an_event()) for _ in range(5)]
    async with uow_factory() as transaction:
        for entry in entries:
            await transaction.uow.activity.record(entry)
        await transaction.commit()

    async with uow_factory() as transaction:
        first = list(await transaction.uow.activity.page(limit=3))
        second = list(await transaction.uow.activity.page(limit=3, before=first[-1].id))
        await transaction.rollback()
    assert first + second == sorted(entries, key=lambda entry: entry.id, reverse=True)
    assert len(first) == 3


async def test_words_of_an_erased_reviewer_do_not_come_back(uow_factory: UnitOfWorkFactory) -> None:
    """In every order, one transaction each, the entries of an erased reviewer have no words."""
    for order in permutations(range(4)):
        events = erased_member("in order")
        for index in order:
            await handle(uow_factory, events[index])

    assert "in order" not in await logged(uow_factory)


async def test_words_in_the_transaction_of_the_erasure_do_not_stay(
    uow_factory: UnitOfWorkFactory,
) -> None:
    """Events that are handled together with the erasure lose their words as well."""
    for events in (erased_member("in a batch"), erased_member("in a batch")[::-1]):
        await handle(uow_factory, *events)

    assert "in a batch" not in await logged(uow_factory)


async def test_words_at_the_time_of_the_erasure_do_not_stay(
    uow_factory: UnitOfWorkFactory,
) -> None:
    """An event that is handled at the same time as the erasure loses its words."""
    *words, erasure = erased_member("at once")
    async with uow_factory() as transaction:
        for event in words:
            await activity.handle(event, transaction.uow)
        await transaction.uow.activity.page()
        erasing = asyncio.create_task(handle(uow_factory, erasure))
        await asyncio.wait([erasing], timeout=0.2)
        await transaction.commit()
    await erasing

    assert "at once" not in await logged(uow_factory)


async def test_words_of_others_stay(uow_factory: UnitOfWorkFactory) -> None:
    """Other members' entries are as they were."""
    *others, _ = erased_member("to stay")
    await handle(uow_factory, *others, *erased_member("to go"))

    text = await logged(uow_factory)
    assert "to stay" in text
    assert "to go" not in text


def erased_member(words: str) -> list[ClubEvent]:
    """Return the events of a member with these words: joined, reviewed, revised, erased."""
    reviewer = a_reviewer(nickname=f"{words} {a_reviewer().nickname}")
    review = a_review(book=a_book(), reviewer=reviewer, comment=words)
    review.revise(3, f"again {words}")
    reviewer.erase()
    created, erased = reviewer.messages
    return [e for e in (created, *review.messages, erased) if isinstance(e, ClubEvent)]


async def handle(uow_factory: UnitOfWorkFactory, *events: ClubEvent) -> None:
    """Handle events as the subscriber does, in one transaction."""
    async with uow_factory() as transaction:
        for event in events:
            await activity.handle(event, transaction.uow)
        await transaction.commit()


async def logged(uow_factory: UnitOfWorkFactory) -> str:
    """Return the payloads of all entries as text."""
    async with uow_factory() as transaction:
        entries = await transaction.uow.activity.page(limit=1000)
        await transaction.rollback()
    return " ".join(str(entry.payload) for entry in entries)
