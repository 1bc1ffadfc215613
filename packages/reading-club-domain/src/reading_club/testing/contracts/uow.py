"""What every unit of work promises."""

import asyncio
from typing import Protocol

import pytest
from messagebus.domain.model.transaction import TransactionError

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import RegisterBook
from reading_club.eventstream.errors import UnitOfWorkInUse
from reading_club.service.bus import ClubBus
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book, an_isbn


class UnitOfWorkFactory(Protocol):
    """Makes units of work on one database, which publish to the fixture ``transport``."""

    def __call__(self) -> AbstractUnitOfWork:
        """Return a unit of work that is not open."""
        ...


def register(title: str = "Domain-Driven Design") -> RegisterBook:
    """Return the command to register a new book."""
    return RegisterBook(isbn=an_isbn(), title=title, author="Eric Evans")


class UnitOfWorkContract:
    """A transaction is atomic, and publishes the events that it committed."""

    async def test_a_commit_is_seen_by_the_next_unit_of_work(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The next unit of work finds the committed book."""
        book = a_book()

        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            await transaction.commit()

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(book.id) == book
            await transaction.rollback()

    async def test_a_rollback_undoes(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """A rollback leaves no row, and publishes no event."""
        command = register()
        async with uow_factory() as transaction:
            await bus.handle(command, transaction)
            await transaction.rollback()

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(command.id) is None
            await transaction.rollback()
        assert transport.events == []

    async def test_an_exception_undoes(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """An exception in the block undoes the transaction and propagates."""
        command = register()
        with pytest.raises(KeyError, match="oops"):
            async with uow_factory() as transaction:
                await bus.handle(command, transaction)
                raise KeyError("oops")

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(command.id) is None
            await transaction.rollback()
        assert transport.events == []

    async def test_uncommitted_work_is_invisible_to_others(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Two units of work do not see each other's uncommitted work."""
        book = a_book()

        async with uow_factory() as writing:
            await writing.uow.books.add(book)
            async with uow_factory() as reading:
                assert await reading.uow.books.find(book.id) is None
                assert list(await reading.uow.books.page()) == []
                await reading.rollback()
            await writing.commit()

    async def test_a_transaction_sees_its_own_work(self, uow_factory: UnitOfWorkFactory) -> None:
        """An added book is found before the commit."""
        book = a_book()

        async with uow_factory() as transaction:
            await transaction.uow.books.add(book)
            assert await transaction.uow.books.get(book.id) == book
            await transaction.rollback()

    async def test_of_two_that_want_the_same_isbn_one_wins(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """Two transactions at the same time cannot both register an ISBN."""
        isbn = an_isbn()

        async def attempt() -> None:
            async with uow_factory() as transaction:
                await transaction.uow.books.add(a_book(isbn=isbn))
                await asyncio.sleep(0)
                await transaction.commit()

        results = await asyncio.gather(attempt(), attempt(), return_exceptions=True)

        assert [type(result) for result in results if result is not None] == [BookAlreadyRegistered]

    async def test_a_refused_add_leaves_the_transaction_usable(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """After a refusal the same transaction can go on and commit."""
        first, twin, other = a_book(), a_book(), a_book()
        twin.isbn = first.isbn

        async with uow_factory() as transaction:
            await transaction.uow.books.add(first)
            with pytest.raises(BookAlreadyRegistered):
                await transaction.uow.books.add(twin)
            await transaction.uow.books.add(other)
            await transaction.commit()

        async with uow_factory() as transaction:
            assert {book.id for book in await transaction.uow.books.page()} == {
                first.id,
                other.id,
            }
            await transaction.rollback()

    async def test_a_block_without_commit_or_rollback_is_an_error(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """A missing commit raises TransactionError; nothing is stored or published."""
        command = register()
        with pytest.raises(TransactionError):
            async with uow_factory() as transaction:
                await bus.handle(command, transaction)

        async with uow_factory() as transaction:
            assert await transaction.uow.books.find(command.id) is None
            await transaction.rollback()
        assert transport.events == []

    async def test_it_can_be_entered_again(
        self, uow_factory: UnitOfWorkFactory, transport: InMemoryEventstreamTransport, bus: ClubBus
    ) -> None:
        """One object serves many transactions, one after the other, with fresh state."""
        uow = uow_factory()
        async with uow as transaction:
            await bus.handle(register("Lost"), transaction)
            await transaction.rollback()
        async with uow as transaction:
            await bus.handle(register("Kept"), transaction)
            await transaction.commit()

        assert ["Kept" in event["payload"] for event in transport.events] == [True]

    async def test_it_cannot_be_entered_twice_at_once(self, uow_factory: UnitOfWorkFactory) -> None:
        """Entering an open unit of work raises UnitOfWorkInUse."""
        uow = uow_factory()
        async with uow as transaction:
            with pytest.raises(UnitOfWorkInUse):
                await uow.__aenter__()
            await transaction.rollback()
