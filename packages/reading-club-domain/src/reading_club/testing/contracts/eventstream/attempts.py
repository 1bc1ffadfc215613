"""What every inbox promises about its counts of attempts and stalls."""

from math import inf

from lastuuid import uuid7

from reading_club.eventstream.ports.inbox import Attempts, InboxKey
from reading_club.testing.contracts.eventstream.helpers import PassTime, UnitOfWorkFactory
from reading_club.testing.contracts.eventstream.inbox import count, counted, receive


async def on_record(uow_factory: UnitOfWorkFactory, receipt: InboxKey) -> Attempts:
    """Return the attempts so far."""
    async with uow_factory() as transaction:
        attempts = await transaction.uow.inbox.attempts(receipt)
        await transaction.rollback()
    return attempts


async def take_back(uow_factory: UnitOfWorkFactory, receipt: InboxKey) -> Attempts:
    """Take one attempt back in a transaction of its own; return those left."""
    async with uow_factory() as transaction:
        attempts = await transaction.uow.inbox.take_back_attempt(receipt)
        await transaction.commit()
    return attempts


async def stall(uow_factory: UnitOfWorkFactory, receipt: InboxKey, within: float) -> int:
    """Record a stall in a transaction of its own."""
    async with uow_factory() as transaction:
        number = await transaction.uow.inbox.count_stall(receipt, within=within)
        await transaction.commit()
    return number


class AttemptsContract:
    """Attempts are counted and can be taken back; stalls are counted separately.

    Needs the fixture ``pass_time`` (see ``PassTime``).
    """

    async def test_the_record_says_how_many_attempts_there_were_and_how_long_ago(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """The age is by the database's clock; without attempts it is infinite."""
        receipt = InboxKey("activity", uuid7())
        nothing = await on_record(uow_factory, receipt)
        await count(uow_factory, receipt)
        await count(uow_factory, receipt)
        await pass_time(60.0)

        record = await on_record(uow_factory, receipt)

        assert nothing == Attempts(0, inf, None)
        assert record.number == 2
        assert 60.0 <= record.age < 70.0

    async def test_what_is_counted_is_what_is_on_record(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """The number and the time, also if the last attempt is too young to count another."""
        receipt = InboxKey("activity", uuid7())
        first = await counted(uow_factory, receipt)
        is_first = first.is_same(await on_record(uow_factory, receipt))
        await pass_time(60.0)
        same = await counted(uow_factory, receipt, min_interval=3600.0)
        second = await counted(uow_factory, receipt)

        assert is_first
        assert 60.0 <= same.age < 70.0
        assert second.is_same(await on_record(uow_factory, receipt))
        assert not second.is_same(first)
        assert [each.number for each in (first, same, second)] == [1, 1, 2]
        assert [each.counted for each in (first, same, second)] == [True, False, True]
        assert not (await on_record(uow_factory, receipt)).counted

    async def test_an_attempt_can_be_taken_back(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """Each call subtracts one attempt of this message alone, down to 0; the time stays."""
        receipt, other = InboxKey("activity", uuid7()), InboxKey("activity", uuid7())
        for each in (receipt, receipt, other):
            await count(uow_factory, each)
        await pass_time(60.0)
        before = await on_record(uow_factory, receipt)

        left = [await take_back(uow_factory, receipt) for _ in range(2)]

        assert [each.number for each in left] == [1, 0]
        assert [each.at for each in left] == [before.at] * 2
        assert all(60.0 <= each.age < 70.0 for each in left)
        assert left[-1].is_same(await on_record(uow_factory, receipt))
        assert await take_back(uow_factory, receipt) == Attempts()
        assert (await on_record(uow_factory, other)).number == 1
        assert await count(uow_factory, receipt) == 1

    async def test_a_stall_is_counted_if_others_were_received_meanwhile(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """A stall counts if the subscriber has received another message within the time."""
        receipt, theirs = InboxKey("activity", uuid7()), InboxKey("catalogue", uuid7())
        await receive(uow_factory, InboxKey("activity", uuid7()))
        await pass_time(20.0)
        await receive(uow_factory, theirs)
        numbers = [await stall(uow_factory, receipt, 10.0), await stall(uow_factory, receipt, 10.0)]
        numbers.append(await stall(uow_factory, receipt, 30.0))
        await receive(uow_factory, InboxKey("activity", uuid7()))
        await pass_time(1.0)
        numbers += [await stall(uow_factory, receipt, 10.0), await stall(uow_factory, receipt, 0.0)]

        assert numbers == [0, 0, 1, 2, 2]
        assert (await on_record(uow_factory, receipt)).number == 0

    async def test_a_first_stall_can_be_counted(self, uow_factory: UnitOfWorkFactory) -> None:
        """A first stall counts with counted attempts of the message, and without any."""
        receipt, other = InboxKey("activity", uuid7()), InboxKey("activity", uuid7())
        await receive(uow_factory, InboxKey("activity", uuid7()))
        await count(uow_factory, other)

        assert [await stall(uow_factory, each, 10.0) for each in (receipt, other)] == [1, 1]

    async def test_stalls_and_attempts_are_counted_apart(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A stall leaves the attempts unchanged, and an attempt the stalls."""
        receipt = InboxKey("activity", uuid7())
        await count(uow_factory, receipt)
        await receive(uow_factory, InboxKey("activity", uuid7()))

        assert await stall(uow_factory, receipt, 10.0) == 1
        assert await count(uow_factory, receipt) == 2
        assert await stall(uow_factory, receipt, 0.0) == 1
