"""What every activity log promises."""

from reading_club.service.activity import ActivityEntry
from reading_club.testing.builders import an_event
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
