"""The command handlers, on in-memory adapters."""

from collections.abc import Sequence
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.errors import (
    AlreadyReviewed,
    Conflict,
    IdentifierTaken,
    NicknameTaken,
    ReviewNotFound,
)
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import (
    BookRegistered,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviseReview,
)
from reading_club.domain.model import Book
from reading_club.service.bus import ClubBus
from reading_club.service.handlers.book import register_book
from reading_club.testing.builders import a_book

DDD = UUID(int=1)
PATTERNS = Book(
    id=DDD,
    title="Architecture Patterns with Python",
    author="Harry Percival and Bob Gregory",
    isbn=Isbn("978-1492052203"),
)
COMMAND = RegisterBook(
    id=DDD, title="Domain-Driven Design", author="Eric Evans", isbn=Isbn("0-321-12521-5")
)
EXPECTED = Book(
    id=DDD, title="Domain-Driven Design", author="Eric Evans", isbn=Isbn("9780321125217")
)


@pytest.mark.parametrize(
    ("shelf", "refusal", "expected"),
    [
        pytest.param([], None, EXPECTED, id="ok"),
        pytest.param([PATTERNS], IdentifierTaken, PATTERNS, id="integrity error"),
    ],
)
async def test_register_book(
    uow: InMemoryUnitOfWork,
    shelf: Sequence[Book],
    refusal: type[Conflict] | None,
    expected: Book,
) -> None:
    """A book is registered and records its event; a taken id leaves everything as it was."""
    async with uow as transaction:
        for book in shelf:
            await transaction.uow.books.add(book)
        await transaction.commit()

    async with uow as transaction:
        if refusal is None:
            assert await register_book(COMMAND, uow) == expected
        else:
            with pytest.raises(refusal):
                await register_book(COMMAND, uow)
        recorded = [m for book in transaction.uow.books.seen for m in book.messages]
        await transaction.commit()

    assert list(uow.database.books.values()) == [expected]
    assert recorded == (
        [] if refusal else [BookRegistered(**EXPECTED.model_dump(exclude={"messages"}))]
    )


async def test_bus_handler(
    bus: ClubBus, uow: InMemoryUnitOfWork, transport: InMemoryEventstreamTransport
) -> None:
    """A command on the bus stores the book and both messages, and publishes the event."""
    async with uow as transaction:
        book = await bus.handle(COMMAND, transaction)
        assert book == await transaction.uow.books.get(DDD) == EXPECTED
        assert book.messages == []
        await transaction.commit()

    event = BookRegistered(**EXPECTED.model_dump())
    _, stored = uow.messagestore.messages
    assert uow.messagestore.messages == [COMMAND, event]
    assert transport.events == [
        {
            "id": str(stored.message_id),
            "created_at": stored.created_at.isoformat(),
            "type": "book_registered_v1",
            "payload": f'{{"id":"{DDD}","isbn":"9780321125217",'
            '"title":"Domain-Driven Design","author":"Eric Evans"}',
        }
    ]


async def test_the_same_command_twice_is_one_book(
    bus: ClubBus, uow: InMemoryUnitOfWork, transport: InMemoryEventstreamTransport
) -> None:
    """The same id and content again gives the same answer, and no second event."""
    for _ in range(2):
        async with uow as transaction:
            again = COMMAND.model_copy(update={"message_id": uuid7()})
            assert await bus.handle(again, transaction) == EXPECTED
            await transaction.commit()

    assert len(transport.events) == 1
    assert len(uow.database.books) == 1


async def test_a_reviewer_rates_a_book_and_thinks_again(
    bus: ClubBus, uow: InMemoryUnitOfWork, transport: InMemoryEventstreamTransport
) -> None:
    """Each command publishes its event, from registration to revision."""
    join = CreateReviewer(nickname="Ada")
    rate = CreateReview(book_id=DDD, reviewer_id=join.id, rating=7, comment="solid")
    commands = [COMMAND, join, rate, ReviseReview(id=rate.id, rating=9, comment="great")]
    for command in commands:
        async with uow as transaction:
            await bus.handle(command, transaction)
            await transaction.commit()

    assert [event["type"] for event in transport.events] == [
        "book_registered_v1",
        "reviewer_created_v1",
        "review_created_v1",
        "review_revised_v1",
    ]
    review = uow.database.reviews[rate.id]
    assert (review.rating, review.comment, review.version) == (9, "great", 2)


async def test_refusals_reach_the_caller(bus: ClubBus, uow: InMemoryUnitOfWork) -> None:
    """The caller of the bus gets the refusals of the repositories."""
    join, book = CreateReviewer(nickname="Ada"), a_book()
    rate = CreateReview(book_id=book.id, reviewer_id=join.id, rating=7)

    async with uow as transaction:
        await transaction.uow.books.add(book)
        await bus.handle(join, transaction)
        await bus.handle(rate, transaction)
        with pytest.raises(NicknameTaken):
            await bus.handle(CreateReviewer(nickname="ADA"), transaction)
        with pytest.raises(AlreadyReviewed):
            await bus.handle(rate.model_copy(update={"id": uuid7()}), transaction)
        with pytest.raises(ReviewNotFound):
            await bus.handle(ReviseReview(id=uuid7(), rating=1), transaction)
        await transaction.rollback()
