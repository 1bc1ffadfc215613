"""The subscriber of imports, as a worker calls it."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from lastuuid import uuid7

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.accounts.accounts import Role
from reading_club.service.imports.import_rows import Sums
from reading_club.service.imports.reading import store_file
from reading_club.service.imports.steps import ROWS_TOGETHER
from reading_club.service.imports.subscriber import imports
from reading_club.testing.builders import a_reviewer
from reading_club.testing.contracts.club.import_helpers import HEADER, a_line

STEP = "import_step_due_v1"


class ImportWorker:
    """Handles what is published, each event as often as the broker delivers it."""

    def __init__(self, database: InMemoryDatabase) -> None:
        self.database = database
        self.transport = RecordingOutboxTransport()
        self.events = EventRegistry[Any](EVENTS)

    @property
    def published(self) -> list[str]:
        """The types of the events."""
        return [each["type"] for each in self.transport.handed_over]

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Any]:
        """Yield a transaction that is committed at its end."""
        async with InMemoryUnitOfWork(self.transport, self.database) as transaction:
            yield transaction
            await transaction.commit()

    async def receive(self, envelope: Mapping[str, Any]) -> None:
        """Handle a delivered message, unless the inbox has it."""
        event = self.events.decode(envelope)
        async with self.writing() as transaction:
            if await transaction.uow.inbox.insert_new(InboxKey("imports", event.message_id)):
                await imports.handle(event, transaction.uow)

    async def work(self) -> None:
        """Receive each step twice, until no other one is published."""
        received = 0
        while received < len(self.transport.handed_over):
            envelope = self.transport.handed_over[received]
            received += 1
            for _ in "12" if envelope["type"] == STEP else "":
                await self.receive(envelope)


async def test_the_steps_of_an_import_follow_each_other(database: InMemoryDatabase) -> None:
    """Each step records the next one for a relay, together with the events of its rows."""
    worker, account_id, reviewer = ImportWorker(database), uuid7(), a_reviewer()
    async with worker.writing() as transaction:
        await transaction.uow.reviewers.add(reviewer)
        await transaction.uow.accounts.add(
            account_id, reviewer_id=reviewer.id, role=Role.MEMBER, password_hash="hash"
        )
    lines = [a_line(f"Book {number}", rating=4) for number in range(ROWS_TOGETHER + 1)]
    file = io.BytesIO("".join([HEADER, *lines]).encode())

    id_ = await store_file(file, account_id, worker.writing)
    await worker.work()

    async with worker.writing() as transaction:
        found = await transaction.uow.imports.find(account_id, id_)
    assert found.sums == Sums(added=len(lines))
    types = worker.published
    assert types.count(STEP) == 2
    assert types.count("book_registered_v1") == types.count("review_created_v1") == len(lines)
    assert types.index(STEP) == 0
    assert len(database.outbox) == len(types)
