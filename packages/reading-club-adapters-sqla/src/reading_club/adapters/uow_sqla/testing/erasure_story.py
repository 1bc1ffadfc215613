"""A member who leaves while events wait, fail and arrive late, and the words in the tables."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from lastuuid import uuid7
from sqlalchemy import Text, cast, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream.outbox import SQLOutbox
from reading_club.adapters.uow_sqla.uow import SQLUnitOfWork
from reading_club.domain.messages import (
    EVENTS,
    ClubCommand,
    CreateReview,
    CreateReviewer,
    RegisterBook,
    ReviseReview,
)
from reading_club.eventstream.dead_letters import commands
from reading_club.eventstream.dead_letters.writer import DeadLetterWriter, error_text
from reading_club.eventstream.inbox.attempt_policy import Delivery
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import Lease
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.accounts.accounts import Role
from reading_club.service.bus import ClubBus
from reading_club.service.leaving import leave
from reading_club.service.projections import SUBSCRIBERS
from reading_club.testing.builders import an_isbn

NICKNAME, COMMENT = "Zenobia Quirk", "an unmistakable opinion"
LONG_COMMENT = f"{COMMENT}, " * 200
"""Longer than a page of SQLite."""
NOW = datetime(2026, 2, 3, tzinfo=UTC)
EVENTS_OF_THE_CLUB = EventRegistry(EVENTS)


async def cells(engine: AsyncEngine) -> AsyncIterator[tuple[str, str]]:
    """Yield name and text of every column of every row."""
    async with engine.connect() as connection:
        for table in orm.metadata.tables.values():
            texts = [cast(column, Text).label(column.name) for column in table.columns]
            for row in await connection.execute(select(*texts)):
                for name, text in row._asdict().items():
                    yield f"{table.name}.{name}", text or ""


async def words_in(engine: AsyncEngine) -> set[str]:
    """Return the columns that hold the nickname or the comment."""
    found = set()
    async for name, text in cells(engine):
        if any(words in text for words in (NICKNAME, NICKNAME.casefold(), COMMENT)):
            found.add(name)
    return found


class Story:
    """A member who joins, reviews and leaves, and the subscribers, on a database."""

    def __init__(self, engine: AsyncEngine, bus: ClubBus) -> None:
        self.engine, self.bus = engine, bus
        self.transport = InMemoryEventstreamTransport()
        self.make_uow = partial(SQLUnitOfWork, self.transport, engine)

    async def send(self, *sent: ClubCommand) -> None:
        """Handle commands, one transaction each."""
        for command in sent:
            await self.send_together(command)

    async def send_together(self, *sent: ClubCommand) -> None:
        """Handle commands in one transaction."""
        async with self.make_uow() as transaction:
            for command in sent:
                await self.bus.handle(command, transaction)
            await transaction.commit()

    async def receive(self, subscriber: str, messages: Sequence[Mapping[str, Any]]) -> None:
        """Handle messages as the subscriber's worker does, each at most once."""
        (receiver,) = (each for each in SUBSCRIBERS if each.name == subscriber)
        for message in messages:
            event = EVENTS_OF_THE_CLUB.decode(message)
            async with self.make_uow() as transaction:
                uow = transaction.uow
                if await uow.inbox.insert_new(InboxKey(subscriber, event.message_id)):
                    await receiver.handle(event, uow)
                await transaction.commit()

    async def give_up(self, subscriber: str, message: Mapping[str, Any]) -> None:
        """Record a failed attempt and a dead letter of a message, with an error that quotes it."""
        writer = DeadLetterWriter(subscriber, 5, lambda: NOW)
        error = ValueError(message["payload"])
        async with self.make_uow() as transaction:
            key = InboxKey(subscriber, UUID(message["id"]))
            await transaction.uow.failures.record(key, 1, error_text(error))
            await transaction.commit()
        await writer.set_aside(Delivery(dict(message)), error, self.make_uow)

    async def retry_all(self) -> None:
        """Retry the dead letters, and let their subscribers handle them."""
        async with self.make_uow() as transaction:
            letters = await transaction.uow.dead_letters.page()
            await commands.retry(letters, transaction.uow, NOW)
            await transaction.commit()
        outbox, lease = SQLOutbox(self.engine, orm.stream), Lease(60.0)
        claimed = await outbox.claim(100, lease)
        for sent in claimed:
            await self.receive(sent.key.subscriber, [sent.envelope])
        await outbox.delete(lease.token, [sent.key for sent in claimed])
        assert len(claimed) == len(letters)

    async def join(self) -> UUID:
        """Let a member join, review a book and revise the review; return the account's id."""
        join, book = (
            CreateReviewer(nickname=NICKNAME),
            RegisterBook(isbn=an_isbn(), title="Momo", author="Michael Ende"),
        )
        rate = CreateReview(book_id=book.id, reviewer_id=join.id, rating=7, comment=COMMENT)
        await self.send(join, book, rate, ReviseReview(id=rate.id, rating=8, comment=LONG_COMMENT))
        account_id = uuid7()
        async with self.make_uow() as transaction:
            await transaction.uow.accounts.add(
                account_id, reviewer_id=join.id, role=Role.MEMBER, password_hash="hash"
            )
            await transaction.commit()
        return account_id

    async def leave(self, account_id: UUID) -> None:
        """Let the member leave, and take the words along."""
        async with self.make_uow() as transaction:
            account = await transaction.uow.accounts.find(account_id)
            assert account is not None
            await leave(account, self.bus, transaction, erase=True)
            await transaction.commit()

    async def tell(self, account_id: UUID) -> None:
        """Erase while the catalogue has dead letters, and the activity has handled nothing."""
        queued = list(self.transport.events)
        created, _, *reviewed = queued
        await self.receive("catalogue", queued[:2])
        for message in reviewed:
            await self.give_up("catalogue", message)
        assert await words_in(self.engine) >= {
            "dead_letters.envelope",
            "dead_letters.error",
            "failures.error",
            "messages.payload",
            "reviewers.nickname",
            "reviews.comment",
        }

        await self.leave(account_id)

        assert await words_in(self.engine) == set()
        await self.give_up("activity", created)
        _, *others = self.transport.events
        await self.receive("activity", others[::-1])
        await self.retry_all()
        await self.receive("catalogue", self.transport.events)
