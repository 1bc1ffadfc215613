"""What every unit of work promises about the events of its transactions."""

import pytest
from messagebus.domain.model.transaction import TransactionError

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.domain.messages import CreateReview, ReviseReview
from reading_club.eventstream.errors import EventstreamUnavailable, UnitOfWorkClosed
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import a_book, a_reviewer
from reading_club.testing.contracts.uow import UnitOfWorkFactory, register


def types(transport: InMemoryEventstreamTransport) -> list[str]:
    """Return the types of the published events, in order."""
    return [event["type"] for event in transport.events]


class PublicationContract:
    """Committed events are published once, uncommitted events never."""

    async def test_events_are_published_after_the_commit(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """Events are published after the transaction, commands never."""
        async with uow_factory() as transaction:
            await bus.handle(register(), transaction)
            await transaction.commit()
            assert transport.events == []

        assert types(transport) == ["book_registered_v1"]

    async def test_an_exception_after_the_commit_loses_no_event(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """Events are published even if the block raises after the commit."""
        with pytest.raises(KeyError, match="oops"):
            async with uow_factory() as transaction:
                await bus.handle(register(), transaction)
                await transaction.commit()
                raise KeyError("oops")

        assert types(transport) == ["book_registered_v1"]

    async def test_a_rollback_after_the_commit_loses_no_event(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """A rollback after the commit changes nothing: its events are published."""
        command = register()
        async with uow_factory() as transaction:
            await bus.handle(command, transaction)
            await transaction.commit()
            await transaction.rollback()

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(command.id) is not None
            await transaction.rollback()
        assert types(transport) == ["book_registered_v1"]

    async def test_a_command_after_the_commit_is_refused(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """After the commit the transaction refuses rows and messages."""
        late = register()
        with pytest.raises(UnitOfWorkClosed):
            async with uow_factory() as transaction:
                await transaction.commit()
                await bus.handle(late, transaction)

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(late.id) is None
            await transaction.rollback()
        assert transport.events == []

    async def test_a_message_after_the_commit_is_refused(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport
    ) -> None:
        """The message store is closed with the transaction."""
        event = a_book().messages[0]
        async with uow_factory() as transaction:
            await transaction.commit()
            with pytest.raises(UnitOfWorkClosed):
                await transaction.uow.messagestore.add(event)

        assert transport.events == []

    async def test_a_commit_after_the_rollback_is_refused(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """After a rollback, the commit of transaction and unit of work raises."""
        with pytest.raises(UnitOfWorkClosed):
            async with uow_factory() as transaction:
                await bus.handle(register(), transaction)
                await transaction.rollback()
                with pytest.raises(TransactionError):
                    await transaction.commit()
                await transaction.uow.commit()

        assert transport.events == []

    async def test_a_broker_that_is_away_does_not_undo_the_commit(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """The error of a direct publication reaches the caller; the committed data stays."""
        command = register()
        transport.error = EventstreamUnavailable("no broker")
        with pytest.raises(EventstreamUnavailable):
            async with uow_factory() as transaction:
                await bus.handle(command, transaction)
                await transaction.commit()

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(command.id) is not None
            await transaction.rollback()

    async def test_a_loaded_aggregate_delivers_its_events(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """Events of a loaded aggregate are published, as those of a new one."""
        book, reviewer = a_book(), a_reviewer()
        command = CreateReview(book_id=book.id, reviewer_id=reviewer.id, rating=3)
        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            await transaction.uow.reviewers.add(reviewer)
            await transaction.commit()
        async with uow_factory() as transaction:
            await bus.handle(command, transaction)
            await transaction.commit()

        async with uow_factory() as transaction:
            await bus.handle(ReviseReview(id=command.id, rating=9), transaction)
            await transaction.commit()

        assert types(transport)[-1] == "review_revised_v1"

    async def test_a_refused_command_publishes_nothing(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """The event of a refused book is not published, even if the caller commits."""
        command, twin = register("First"), register("Twin")
        twin.isbn = command.isbn
        async with uow_factory() as transaction:
            await bus.handle(command, transaction)
            with pytest.raises(Exception, match="already registered"):
                await bus.handle(twin, transaction)
            await transaction.commit()

        assert len(transport.events) == 1
        assert "First" in transport.events[0]["payload"]

    async def test_units_of_work_share_nothing(self, uow_factory: UnitOfWorkFactory) -> None:
        """Each unit of work has its own message store, buffer and metrics."""
        first, second = uow_factory(), uow_factory()

        async with first as one, second as two:
            assert one.uow.messagestore is not two.uow.messagestore
            assert one.uow.metrics_store is not two.uow.metrics_store
            assert one.uow.messagestore.stream_buffer is not two.uow.messagestore.stream_buffer
            await one.rollback()
            await two.rollback()
