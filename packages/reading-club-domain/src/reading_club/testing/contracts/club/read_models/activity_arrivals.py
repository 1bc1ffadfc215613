"""What every activity log promises about the positions of its arrivals."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from reading_club.domain.messages import ClubEvent
from reading_club.service.activity import ActivityEntry, Arrival
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.club.accounts_helpers import OVERLAP
from reading_club.testing.contracts.club.unit_of_work import UnitOfWorkFactory


async def test_entries_arrive_in_the_order_of_their_storing(uow_factory: UnitOfWorkFactory) -> None:
    """A late event, whose id is lower than that of an event before it, arrives after that."""
    late, early = an_event(), an_event()
    for event in (early, late):
        await store(uow_factory, event)

    first, second = await arrivals(uow_factory)
    assert [each.entry.id for each in (first, second)] == [early.message_id, late.message_id]
    assert first.entry == ActivityEntry.of(early)
    assert 0 < first.position < second.position == await latest_position(uow_factory)


async def test_a_known_entry_does_not_arrive_again(uow_factory: UnitOfWorkFactory) -> None:
    """An event that is recorded again keeps its position."""
    event = an_event()
    await store(uow_factory, event)
    before = await arrivals(uow_factory)

    await store(uow_factory, event, an_event())

    assert (await arrivals(uow_factory))[:1] == before
    assert len(await arrivals(uow_factory)) == len(before) + 1


async def test_a_reader_goes_on_from_a_position(uow_factory: UnitOfWorkFactory) -> None:
    """Pages above the last position of the page before have every arrival once."""
    await store(uow_factory, *(an_event() for _ in range(5)))

    seen: list[Arrival] = []
    while page := await arrivals(uow_factory, seen[-1].position if seen else 0, limit=2):
        assert len(page) <= 2
        seen += page

    assert seen == await arrivals(uow_factory)
    assert len({each.entry.id for each in seen}) == 5


async def test_nothing_has_arrived_in_a_new_log(uow_factory: UnitOfWorkFactory) -> None:
    """Without arrivals the latest position is 0."""
    assert await arrivals(uow_factory) == []
    assert await latest_position(uow_factory) == 0


async def test_no_arrival_is_missed_while_two_transactions_are_open(
    uow_factory: UnitOfWorkFactory,
) -> None:
    """The transaction that begins first ends last: a reader in between misses neither entry."""
    first, second = an_event(), an_event()
    async with uow_factory() as transaction:
        await transaction.uow.activity.record(ActivityEntry.of(first))
        await transaction.uow.activity.page()
        storing = asyncio.create_task(store(uow_factory, second))
        await asyncio.wait([storing], timeout=OVERLAP)
        seen = await arrivals(uow_factory)
        await transaction.commit()
    await storing

    seen = [*seen, *await arrivals(uow_factory, seen[-1].position if seen else 0)]

    assert sorted(ids(seen)) == sorted([first.message_id, second.message_id])


async def test_what_is_rolled_back_does_not_arrive(uow_factory: UnitOfWorkFactory) -> None:
    """Neither at once nor later; the next entry arrives."""
    async with uow_factory() as transaction:
        await transaction.uow.activity.record(ActivityEntry.of(an_event()))
        await transaction.uow.activity.page()
        await transaction.rollback()
    event = an_event()
    await store(uow_factory, event)

    assert ids(await arrivals(uow_factory)) == [event.message_id]


async def store(uow_factory: UnitOfWorkFactory, *events: ClubEvent) -> None:
    """Record events in one transaction."""
    async with uow_factory() as transaction:
        for event in events:
            await transaction.uow.activity.record(ActivityEntry.of(event))
        await transaction.commit()


async def arrivals(
    uow_factory: UnitOfWorkFactory, after: int = 0, limit: int = 100
) -> list[Arrival]:
    """Return the arrivals above a position."""
    async with uow_factory() as transaction:
        found = await transaction.uow.activity.arrived(after=after, limit=limit)
        await transaction.rollback()
    return list(found)


async def latest_position(uow_factory: UnitOfWorkFactory) -> int:
    """Return the position of the last arrival."""
    async with uow_factory() as transaction:
        found = await transaction.uow.activity.latest_position()
        await transaction.rollback()
    return found


def ids(found: Sequence[Arrival]) -> list[UUID]:
    """Return the ids of the entries, in their order."""
    return [each.entry.id for each in found]
