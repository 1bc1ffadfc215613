"""What the club's unit of work promises on every storage."""

import asyncio
from typing import Protocol

import pytest

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.domain.errors import BookAlreadyRegistered
from reading_club.domain.messages import CreateReview, RegisterBook, ReviseReview
from reading_club.service.bus import ClubBus
from reading_club.service.uow import AbstractUnitOfWork
from reading_club.testing.builders import a_book, a_reviewer, an_isbn


class UnitOfWorkFactory(Protocol):
    """Makes units of work on one database, which publish to the fixture ``transport``."""

    def __call__(self) -> AbstractUnitOfWork:
        """Return a unit of work that is not open."""
        ...


def register(title: str = "Domain-Driven Design") -> RegisterBook:
    """Return the command to register a new book."""
    return RegisterBook(isbn=an_isbn(), title=title, author="Eric Evans")


class UnitOfWorkContract:
    """A transaction of the repositories is atomic, and publishes the events of their aggregates."""

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

        assert transport.events[-1]["type"] == "review_revised_v1"

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
