"""What every unit of work promises about the events of its transactions."""

import pytest
from lastuuid import uuid7
from messagebus.domain.model.transaction import TransactionError

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.eventstream.errors import (
    EventstreamUnavailable,
    MessageAlreadyStored,
    UnitOfWorkClosed,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import StreamUnitOfWork
from reading_club.testing.contracts.eventstream.helpers import (
    MakeEvent,
    SendReminder,
    UnitOfWorkFactory,
    is_received,
)


class PublicationContract:
    """Committed events are published once, uncommitted events never."""

    @pytest.fixture(autouse=True)
    def _storage(
        self,
        uow_factory: UnitOfWorkFactory,
        transport: InMemoryEventstreamTransport,
        make_event: MakeEvent,
    ) -> None:
        self.uow_factory, self.transport, self.event = uow_factory, transport, make_event("First")
        self.key = InboxKey("activity", uuid7())

    async def work(self, uow: StreamUnitOfWork) -> None:
        """Insert an inbox row, and add an event."""
        await uow.inbox.insert_new(self.key)
        await uow.messagestore.add(self.event)

    @property
    def published(self) -> list[str]:
        """The ids of the published events, in order."""
        return [event["id"] for event in self.transport.events]

    async def test_events_are_published_after_the_commit(self) -> None:
        """Events are published after the transaction, commands never."""
        async with self.uow_factory() as transaction:
            await transaction.uow.messagestore.add(SendReminder(text="unpublished"))
            await self.work(transaction.uow)
            await transaction.commit()
            assert self.published == []

        assert self.published == [str(self.event.message_id)]

    async def test_an_exception_after_the_commit_loses_no_event(self) -> None:
        """Events are published even if the block raises after the commit."""
        with pytest.raises(KeyError, match="oops"):
            async with self.uow_factory() as transaction:
                await self.work(transaction.uow)
                await transaction.commit()
                raise KeyError("oops")

        assert self.published == [str(self.event.message_id)]

    async def test_a_rollback_after_the_commit_loses_no_event(self) -> None:
        """A rollback after the commit changes nothing: rows stay, and events are published."""
        async with self.uow_factory() as transaction:
            await self.work(transaction.uow)
            await transaction.commit()
            await transaction.rollback()

        assert await is_received(self.uow_factory, self.key)
        assert self.published == [str(self.event.message_id)]

    async def test_a_row_after_the_commit_is_refused(self) -> None:
        """The ports of the unit of work are closed with the transaction."""
        with pytest.raises(UnitOfWorkClosed):
            async with self.uow_factory() as transaction:
                await transaction.commit()
                await self.work(transaction.uow)

        assert not await is_received(self.uow_factory, self.key)
        assert self.published == []

    async def test_a_message_after_the_commit_is_refused(self) -> None:
        """The message store is closed with the transaction."""
        async with self.uow_factory() as transaction:
            await transaction.commit()
            with pytest.raises(UnitOfWorkClosed):
                await transaction.uow.messagestore.add(self.event)

        assert self.published == []

    async def test_a_commit_after_the_rollback_is_refused(self) -> None:
        """After a rollback, the commit of transaction and unit of work raises."""
        with pytest.raises(UnitOfWorkClosed):
            async with self.uow_factory() as transaction:
                await self.work(transaction.uow)
                await transaction.rollback()
                with pytest.raises(TransactionError):
                    await transaction.commit()
                await transaction.uow.commit()

        assert self.published == []

    async def test_a_broker_that_is_away_does_not_undo_the_commit(self) -> None:
        """The error of a direct publication reaches the caller; the committed data stays."""
        self.transport.error = EventstreamUnavailable("no broker")
        with pytest.raises(EventstreamUnavailable):
            async with self.uow_factory() as transaction:
                await self.work(transaction.uow)
                await transaction.commit()

        assert await is_received(self.uow_factory, self.key)

    async def test_a_refused_message_publishes_nothing(self, make_event: MakeEvent) -> None:
        """A message that is stored already fails its transaction with all events of it."""
        async with self.uow_factory() as transaction:
            await self.work(transaction.uow)
            await transaction.commit()
        with pytest.raises(MessageAlreadyStored):
            async with self.uow_factory() as transaction:
                await transaction.uow.messagestore.add(make_event("Second"))
                await transaction.uow.messagestore.add(self.event)
                await transaction.commit()

        assert self.published == [str(self.event.message_id)]
