"""From the command to the published message."""

import json
from uuid import UUID

from reading_club.adapters.eventstream.testing import FakeCelery, SentTask
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.isbn import Isbn
from reading_club.domain.messages import EVENTS, BookRegistered, RegisterBook
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.bus import ClubBus

DDD = UUID("0192f0c4-7d8e-7b3a-9c1d-2e3f4a5b6c7d")


async def test_eventstream(
    uow: InMemoryUnitOfWork,
    bus: ClubBus,
    celery_app: FakeCelery,
    celery_queue: list[SentTask],
) -> None:
    """A registered book is one message, in the envelope that subscribers read."""
    command = RegisterBook(id=DDD, isbn=Isbn("0-321-12521-5"), title="DDD", author="Eric Evans")

    async with uow as transaction:
        await bus.handle(command, transaction)
        await transaction.commit()

    (stored,) = [m for m in uow.messagestore.messages if isinstance(m, BookRegistered)]
    message = {
        "id": str(stored.message_id),
        "created_at": stored.created_at.isoformat(),
        "type": "book_registered_v1",
        "payload": f'{{"id":"{DDD}","isbn":"9780321125217","title":"DDD","author":"Eric Evans"}}',
    }
    assert celery_queue == [SentTask("send_message", {"message": message})]
    assert list(celery_queue[0].kwargs["message"]) == ["id", "created_at", "type", "payload"]
    assert list(json.loads(message["payload"])) == ["id", "isbn", "title", "author"]
    assert celery_app.queue is celery_queue


async def test_a_sent_event_can_be_read_again(
    uow: InMemoryUnitOfWork, bus: ClubBus, celery_queue: list[SentTask]
) -> None:
    """The sent message decodes to the recorded event."""
    async with uow as transaction:
        await bus.handle(RegisterBook(isbn=Isbn("0321125215"), title="T", author="A"), transaction)
        await transaction.commit()

    (stored,) = [m for m in uow.messagestore.messages if isinstance(m, BookRegistered)]
    event = EventRegistry(EVENTS).decode(celery_queue[0].kwargs["message"])
    assert event == stored
    assert (event.message_id, event.created_at) == (stored.message_id, stored.created_at)


async def test_an_event_that_is_not_committed_is_not_sent(
    uow: InMemoryUnitOfWork, bus: ClubBus, celery_queue: list[SentTask]
) -> None:
    """A rollback sends no message."""
    async with uow as transaction:
        await bus.handle(RegisterBook(isbn=Isbn("0321125215"), title="T", author="A"), transaction)
        await transaction.rollback()

    assert celery_queue == []
