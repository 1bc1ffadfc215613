"""What every inbox promises."""

import asyncio

from lastuuid import uuid7

from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import Attempts, InboxKey
from reading_club.testing.contracts.eventstream.dead_letters import a_letter
from reading_club.testing.contracts.eventstream.helpers import PassTime, UnitOfWorkFactory


async def receive(uow_factory: UnitOfWorkFactory, receipt: InboxKey) -> bool:
    """Insert an inbox row in a transaction of its own."""
    async with uow_factory() as transaction:
        first = await transaction.uow.inbox.insert_new(receipt)
        await transaction.commit()
    return first


async def counted(
    uow_factory: UnitOfWorkFactory, receipt: InboxKey, min_interval: float = 0.0
) -> Attempts:
    """Count an attempt in a transaction of its own; return the attempts so far."""
    async with uow_factory() as transaction:
        attempts = await transaction.uow.inbox.count_attempt(receipt, min_interval=min_interval)
        await transaction.commit()
    return attempts


async def count(
    uow_factory: UnitOfWorkFactory, receipt: InboxKey, min_interval: float = 0.0
) -> int:
    """Count an attempt in a transaction of its own; return the number of attempts so far."""
    return (await counted(uow_factory, receipt, min_interval)).number


async def stored(uow_factory: UnitOfWorkFactory) -> list[DeadLetter]:
    """Return all dead letters."""
    async with uow_factory() as transaction:
        letters = list(await transaction.uow.dead_letters.page())
        await transaction.rollback()
    return letters


class InboxContract:
    """A message takes effect once a subscriber, and attempts are counted.

    Needs the fixture ``pass_time`` (see ``PassTime``).
    """

    async def test_a_message_is_received_once_a_subscriber(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A second insert of a key returns False; another subscriber has a key of its own."""
        first, other = InboxKey("activity", uuid7()), InboxKey("activity", uuid7())
        theirs = InboxKey("catalogue", first.message_id)

        answers = [await receive(uow_factory, receipt) for receipt in (first, first, theirs, other)]

        assert answers == [True, False, True, True]

    async def test_no_message_is_no_insert(self, uow_factory: UnitOfWorkFactory) -> None:
        """Inserting no keys returns no keys."""
        async with uow_factory() as transaction:
            assert not list(await transaction.uow.inbox.insert_new_many([]))
            await transaction.commit()

    async def test_twice_in_one_transaction_is_once(self, uow_factory: UnitOfWorkFactory) -> None:
        """The transaction sees its own inbox rows."""
        receipt = InboxKey("activity", uuid7())

        async with uow_factory() as transaction:
            assert await transaction.uow.inbox.insert_new(receipt)
            assert not await transaction.uow.inbox.insert_new(receipt)
            await transaction.commit()

    async def test_what_was_rolled_back_was_not_received(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A rollback undoes the inbox row, so that a redelivered message is handled."""
        receipt = InboxKey("activity", uuid7())
        async with uow_factory() as transaction:
            assert await transaction.uow.inbox.insert_new(receipt)
            await transaction.rollback()

        assert await receive(uow_factory, receipt)

    async def test_of_two_at_once_one_takes_effect(self, uow_factory: UnitOfWorkFactory) -> None:
        """The second transaction gets False, or is refused as a whole."""
        receipt = InboxKey("activity", uuid7())
        effects = [a_letter(), a_letter()]
        received = asyncio.Event()

        async def handle(effect: DeadLetter) -> bool:
            async with uow_factory() as transaction:
                first = await transaction.uow.inbox.insert_new(receipt)
                if first:
                    await transaction.uow.dead_letters.add(effect)
                received.set()
                await asyncio.sleep(0)
                await transaction.commit()
            return first

        async def handle_second() -> bool:
            await received.wait()
            return await handle(effects[1])

        outcomes = await asyncio.gather(handle(effects[0]), handle_second(), return_exceptions=True)

        assert outcomes[0] is True
        assert outcomes[1] is False or isinstance(outcomes[1], TransientFailure)
        assert await stored(uow_factory) == [effects[0]]

    async def test_the_second_takes_effect_if_the_first_is_undone(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """A transaction that waited for the one rolled back inserts the row itself."""
        receipt = InboxKey("activity", uuid7())
        async with uow_factory() as transaction:
            await transaction.uow.inbox.insert_new(receipt)
            second = asyncio.create_task(receive(uow_factory, receipt))
            await asyncio.sleep(0)
            await transaction.rollback()

        assert await second

    async def test_attempts_count_up(self, uow_factory: UnitOfWorkFactory) -> None:
        """Attempts are counted by message and subscriber."""
        receipt, other = InboxKey("activity", uuid7()), InboxKey("activity", uuid7())
        theirs = InboxKey("catalogue", receipt.message_id)

        numbers = [
            await count(uow_factory, each) for each in (receipt, receipt, other, theirs, receipt)
        ]

        assert numbers == [1, 2, 1, 1, 3]

    async def test_an_attempt_survives_the_transaction_that_failed(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The attempt is committed first, so that a rollback of the handler does not undo it."""
        receipt = InboxKey("activity", uuid7())
        await count(uow_factory, receipt)
        async with uow_factory() as transaction:
            await transaction.uow.inbox.insert_new(receipt)
            await transaction.rollback()

        assert await count(uow_factory, receipt) == 2

    async def test_attempts_that_are_near_each_other_are_one(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """Copies that arrive together count as one attempt."""
        receipt = InboxKey("activity", uuid7())
        near = [await count(uow_factory, receipt, min_interval=10.0) for _ in range(5)]
        await pass_time(11.0)
        later = [await count(uow_factory, receipt, min_interval=10.0) for _ in range(5)]

        assert near == [1] * 5
        assert later == [2] * 5

    async def test_a_near_attempt_does_not_put_off_the_next_one(
        self, uow_factory: UnitOfWorkFactory, pass_time: PassTime
    ) -> None:
        """The interval runs from the last counted attempt: frequent copies count as well."""
        receipt = InboxKey("activity", uuid7())
        numbers = []
        for _ in range(5):
            numbers.append(await count(uow_factory, receipt, min_interval=10.0))
            await pass_time(6.0)

        assert numbers == [1, 1, 2, 2, 3]

    async def test_what_is_forgotten_begins_anew(self, uow_factory: UnitOfWorkFactory) -> None:
        """After a reset the message has all its attempts again."""
        receipt = InboxKey("activity", uuid7())
        await count(uow_factory, receipt)
        await count(uow_factory, receipt)
        async with uow_factory() as transaction:
            await transaction.uow.inbox.forget_attempts(receipt)
            await transaction.commit()

        assert await count(uow_factory, receipt) == 1
