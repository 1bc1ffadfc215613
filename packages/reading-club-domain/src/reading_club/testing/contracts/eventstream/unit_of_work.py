"""What every unit of work of an event stream promises about its transactions."""

import pytest
from lastuuid import uuid7
from messagebus.domain.model.transaction import TransactionError

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.eventstream.errors import UnitOfWorkInUse
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts.eventstream.helpers import (
    MakeEvent,
    UnitOfWorkFactory,
    is_received,
)


class TransactionContract:
    """A unit of work has one transaction at a time, whose rows and events are undone together."""

    @pytest.fixture(autouse=True)
    def _storage(
        self,
        uow_factory: UnitOfWorkFactory,
        transport: InMemoryEventstreamTransport,
        make_event: MakeEvent,
    ) -> None:
        self.uow_factory, self.transport, self.make_event = uow_factory, transport, make_event
        self.key = InboxKey("activity", uuid7())

    async def work(self, uow: StreamUnitOfWork, text: str = "Lost") -> None:
        """Insert an inbox row, and add an event."""
        await uow.inbox.insert_new(self.key)
        await uow.messagestore.add(self.make_event(text))

    async def assert_undone(self) -> None:
        """Assert that the inbox row is not stored, and no event is published."""
        assert not await is_received(self.uow_factory, self.key)
        assert self.transport.events == []

    async def test_a_rollback_leaves_no_row_and_no_event(self) -> None:
        """The inbox row is not stored, and the event is not published."""
        async with self.uow_factory() as transaction:
            await self.work(transaction.uow)
            await transaction.rollback()

        await self.assert_undone()

    async def test_an_exception_leaves_no_row_and_no_event(self) -> None:
        """The exception of the block is raised, the row not stored, the event not published."""
        with pytest.raises(KeyError, match="oops"):
            async with self.uow_factory() as transaction:
                await self.work(transaction.uow)
                raise KeyError("oops")

        await self.assert_undone()

    async def test_a_block_without_commit_or_rollback_is_an_error(self) -> None:
        """A missing commit raises TransactionError; nothing is stored or published."""
        with pytest.raises(TransactionError):
            async with self.uow_factory() as transaction:
                await self.work(transaction.uow)

        await self.assert_undone()

    async def test_it_can_be_entered_again(self) -> None:
        """One object serves many transactions, one after the other, with fresh state."""
        uow = self.uow_factory()
        async with uow as transaction:
            await self.work(transaction.uow, "Lost")
            await transaction.rollback()
        async with uow as transaction:
            await self.work(transaction.uow, "Kept")
            await transaction.commit()

        assert ["Kept" in event["payload"] for event in self.transport.events] == [True]

    async def test_it_cannot_be_entered_twice_at_once(self) -> None:
        """Entering an open unit of work raises UnitOfWorkInUse."""
        uow = self.uow_factory()
        async with uow as transaction:
            with pytest.raises(UnitOfWorkInUse):
                await uow.__aenter__()
            await transaction.rollback()

    async def test_units_of_work_share_nothing(self) -> None:
        """Each unit of work has its own message store, buffer and metrics."""
        first, second = self.uow_factory(), self.uow_factory()

        async with first as one, second as two:
            assert one.uow.messagestore is not two.uow.messagestore
            assert one.uow.metrics_store is not two.uow.metrics_store
            assert one.uow.messagestore.stream_buffer is not two.uow.messagestore.stream_buffer
            await one.rollback()
            await two.rollback()
