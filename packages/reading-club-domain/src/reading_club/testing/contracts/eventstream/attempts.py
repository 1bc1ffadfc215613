"""What every inbox promises about its counts of attempts and stalls."""

from math import inf

from lastuuid import uuid7

from reading_club.eventstream.ports.inbox import Attempts, InboxKey
from reading_club.testing.contracts.eventstream.helpers import PassTime, UnitOfWorkFactory
from reading_club.testing.contracts.eventstream.inbox import count, receive


async def on_record(uow_factory: UnitOfWorkFactory, receipt: InboxKey) -> Attempts:
    """Return the attempts so far."""
    async with uow_factory() as transaction:
        attempts = await transaction.uow.inbox.attempts(receipt)
        await transaction.rollback()
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

        assert nothing == Attempts(0, inf)
        assert record.number == 2
        assert 60.0 <= record.age < 70.0

    async def test_an_attempt_can_be_taken_back(self, uow_factory: UnitOfWorkFactory) -> None:
        """Each call subtracts one attempt of this message alone, down to 0."""
        receipt, other = InboxKey("activity", uuid7()), InboxKey("activity", uuid7())
        for each in (receipt, receipt, other):
            await count(uow_factory, each)

        numbers = []
        for _ in range(3):
            async with uow_factory() as transaction:
                await transaction.uow.inbox.take_back_attempt(receipt)
                await transaction.commit()
            numbers.append((await on_record(uow_factory, receipt)).number)

        assert numbers == [1, 0, 0]
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
