"""What every adapter promises about pauses of subscribers, and about returned messages."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from lastuuid import uuid7

from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.contracts.eventstream.helpers import UnitOfWorkFactory


async def pause(uow_factory: UnitOfWorkFactory, subscriber: str) -> bool:
    """Pause a subscriber in a transaction of its own."""
    async with uow_factory() as transaction:
        changed = await transaction.uow.pauses.pause(subscriber)
        await transaction.commit()
    return changed


async def resume(uow_factory: UnitOfWorkFactory, subscriber: str) -> bool:
    """End a pause in a transaction of its own."""
    async with uow_factory() as transaction:
        changed = await transaction.uow.pauses.resume(subscriber)
        await transaction.commit()
    return changed


async def paused(uow_factory: UnitOfWorkFactory) -> Mapping[str, datetime]:
    """Return the committed pauses."""
    async with uow_factory() as transaction:
        found = await transaction.uow.pauses.list()
        await transaction.rollback()
    return found


async def add_returned(uow_factory: UnitOfWorkFactory, *keys: InboxKey) -> None:
    """Insert rows of returned messages in a transaction of its own."""
    async with uow_factory() as transaction:
        await transaction.uow.returned.add(keys)
        await transaction.commit()


async def take(uow_factory: UnitOfWorkFactory, *keys: InboxKey) -> Collection[InboxKey]:
    """Take rows of returned messages in a transaction of its own."""
    async with uow_factory() as transaction:
        taken = await transaction.uow.returned.take(keys)
        await transaction.commit()
    return taken


class PausesContract:
    """A pause lasts from its first ``pause`` to the next ``resume``, for one subscriber."""

    async def test_a_subscriber_is_paused_until_it_is_resumed(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The start of the pause is now; after the end nothing is left."""
        assert await paused(uow_factory) == {}

        assert await pause(uow_factory, "activity")
        (found,) = (await paused(uow_factory)).items()
        assert await resume(uow_factory, "activity")

        assert found[0] == "activity"
        assert abs(datetime.now(UTC) - found[1]) < timedelta(minutes=1)
        assert await paused(uow_factory) == {}

    async def test_a_second_pause_keeps_the_start_of_the_first(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """It reports that nothing has changed."""
        await pause(uow_factory, "activity")
        before = await paused(uow_factory)

        assert not await pause(uow_factory, "activity")
        assert await paused(uow_factory) == before

    async def test_resuming_without_a_pause_changes_nothing(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """It reports that, and the pauses of others stay."""
        await pause(uow_factory, "catalogue")

        assert not await resume(uow_factory, "activity")
        assert set(await paused(uow_factory)) == {"catalogue"}

    async def test_pauses_are_listed_by_name(self, uow_factory: UnitOfWorkFactory) -> None:
        """Each subscriber has its own pause."""
        await pause(uow_factory, "catalogue")
        await pause(uow_factory, "activity")

        assert list(await paused(uow_factory)) == ["activity", "catalogue"]

    async def test_one_subscriber_is_asked_for(self, uow_factory: UnitOfWorkFactory) -> None:
        """The pause of one subscriber says nothing of another."""
        await pause(uow_factory, "activity")

        async with uow_factory() as transaction:
            asked = [await transaction.uow.pauses.is_paused(n) for n in ("activity", "catalogue")]
            await transaction.rollback()

        assert asked == [True, False]

    async def test_a_pause_that_is_rolled_back_is_none(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A transaction that does not commit pauses nothing."""
        async with uow_factory() as transaction:
            await transaction.uow.pauses.pause("activity")
            await transaction.rollback()

        assert await paused(uow_factory) == {}


class ReturnedMessagesContract:
    """A returned message is taken once, by its subscriber and its id."""

    async def test_a_returned_message_is_taken_once(self, uow_factory: UnitOfWorkFactory) -> None:
        """The row is deleted: a second redelivery has to be accounted for by a second return."""
        key = InboxKey("activity", uuid7())
        await add_returned(uow_factory, key)

        taken = [set(await take(uow_factory, key)) for _ in range(2)]

        assert taken == [{key}, set()]

    async def test_what_was_not_returned_is_not_taken(self, uow_factory: UnitOfWorkFactory) -> None:
        """Only the rows of the given keys are deleted and returned, other subscribers' stay."""
        mine, other, unknown = (InboxKey("activity", uuid7()) for _ in range(3))
        theirs = InboxKey("catalogue", mine.message_id)
        await add_returned(uow_factory, mine, other, theirs)

        assert set(await take(uow_factory, mine, unknown)) == {mine}
        assert set(await take(uow_factory, theirs, other)) == {theirs, other}

    async def test_a_message_may_be_returned_twice(self, uow_factory: UnitOfWorkFactory) -> None:
        """A copy, or a second return before the redelivery, adds no second row."""
        key = InboxKey("activity", uuid7())
        await add_returned(uow_factory, key, key)
        await add_returned(uow_factory, key)

        assert [set(await take(uow_factory, key)) for _ in range(2)] == [{key}, set()]

    async def test_nothing_is_returned_or_taken_by_no_keys(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """An empty collection is accepted."""
        await add_returned(uow_factory)

        assert not await take(uow_factory)
