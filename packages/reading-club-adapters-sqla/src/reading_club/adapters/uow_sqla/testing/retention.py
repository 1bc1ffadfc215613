"""Tests of retention: which rows are deleted, and which are kept."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from lastuuid import uuid7
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import (
    InMemoryEventstreamTransport,
    RecordingOutboxTransport,
)
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.eventstream import retention
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.adapters.uow_sqla.eventstream.retention import SQLRetention
from reading_club.domain.messages import ClubEvent
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import OutboxKey
from reading_club.eventstream.retention import DAY, Retention
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.eventstream import PassTime, UnitOfWorkOn, a_process
from reading_club.testing.contracts.eventstream.helpers import commit


async def values(engine: AsyncEngine, column: Any) -> set[Any]:
    """Return the values of a column."""
    async with engine.connect() as connection:
        return set(await connection.scalars(select(column)))


async def number_of(engine: AsyncEngine, table: Table) -> int:
    """Return how many rows a table has."""
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def received(uow_on: UnitOfWorkOn, *message_ids: UUID) -> None:
    """Insert inbox rows and attempts of a subscriber for these messages."""
    async with uow_on(RecordingOutboxTransport()) as transaction:
        for message_id in message_ids:
            receipt = InboxKey("activity", message_id)
            await transaction.uow.inbox.insert_new(receipt)
            await transaction.uow.inbox.count_attempt(receipt)
        await transaction.commit()


class TestRetention:
    """Expired rows are deleted, and all others are kept."""

    @pytest.fixture(autouse=True)
    def _storage(self, engine: AsyncEngine, uow_on: UnitOfWorkOn, pass_time: PassTime) -> None:
        self.engine, self.uow_on, self.pass_time = engine, uow_on, pass_time

    async def prune(self, kept: Retention) -> dict[str, int]:
        """Delete expired rows, and return the number of deleted rows of each table."""
        return await SQLRetention(self.engine, orm.stream, kept).prune()

    async def sent(self, *events: ClubEvent) -> Sequence[UUID]:
        """Commit events that do not wait in the outbox, and return their ids."""
        async with self.uow_on(InMemoryEventstreamTransport()) as transaction:
            for event in events:
                await transaction.uow.messagestore.add(event)
            await transaction.commit()
        return [event.message_id for event in events]

    async def test_receipts_are_kept_as_long_as_it_is_said(self) -> None:
        """Inbox rows and attempts of the same age are deleted together; younger ones stay."""
        old, young = uuid7(), uuid7()
        await received(self.uow_on, old)
        await self.pass_time(DAY)
        await received(self.uow_on, young)
        await self.pass_time(1.5 * DAY)

        pruned = await self.prune(Retention(inbox=2.0))

        assert (pruned["inbox"], pruned["attempts"]) == (1, 1)
        assert await values(self.engine, orm.inbox.c.message_id) == {young}
        assert await values(self.engine, orm.attempts.c.message_id) == {young}

    async def test_failures_and_returned_messages_are_kept_as_long_as_receipts(self) -> None:
        """Their rows are deleted by the age of inbox rows, and younger ones stay."""
        kept = await self._old_and_young()

        pruned = await self.prune(Retention(inbox=2.0))

        assert (pruned["failures"], pruned["returned"]) == (1, 1)
        for table in (orm.stream.failures, orm.stream.returned):
            assert await values(self.engine, table.c.message_id) == {kept}

    async def _old_and_young(self) -> UUID:
        """Record a failure and a return of two messages, and return the younger message's id."""
        for days in (1.0, 1.5):
            key = InboxKey("activity", uuid7())
            async with self.uow_on(RecordingOutboxTransport()) as transaction:
                await transaction.uow.failures.record(key, 1, "KeyError: no")
                await transaction.uow.returned.add([key])
                await transaction.commit()
            await self.pass_time(days * DAY)
        return key.message_id

    async def test_the_receipt_of_what_may_still_be_sent_is_kept(self) -> None:
        """Inbox row and message stay while the event is in the outbox, at any age."""
        event = an_event()
        await commit(self.uow_on, event)
        await received(self.uow_on, event.message_id)
        await self.pass_time(90 * DAY)

        pruned = await self.prune(Retention(inbox=30.0, messages=30.0))

        assert (pruned["inbox"], pruned["messages"]) == (0, 0)
        assert await values(self.engine, orm.inbox.c.message_id) == {event.message_id}

    async def test_the_history_is_kept_for_ever_unless_it_is_said(self) -> None:
        """Messages stay by default; else they are deleted by age, and their type is recorded."""
        (old,) = await self.sent(an_event())
        await self.pass_time(400 * DAY)
        await self.sent(an_event())

        assert (await self.prune(Retention()))["messages"] == 0
        assert (await self.prune(Retention(messages=365.0)))["messages"] == 1
        assert old not in await values(self.engine, orm.messages.c.id)
        deleted = orm.stream.history_deletions.c.type
        assert await values(self.engine, deleted) == {"book_registered_v1"}

    @pytest.mark.parametrize("days", [-400, 400], ids=["behind", "ahead"])
    async def test_the_age_of_the_history_is_the_time_of_the_database(self, days: int) -> None:
        """Age is by the database's clock, even if the process's clock was 400 days off."""
        event = an_event()
        event.created_at += timedelta(days=days)
        await self.sent(event)
        assert (await self.prune(Retention(messages=30.0)))["messages"] == 0

        await self.pass_time(31 * DAY)

        assert (await self.prune(Retention(messages=30.0)))["messages"] == 1

    async def test_a_dead_letter_that_is_forgotten_leaves_a_receipt(self) -> None:
        """The inbox row of an expired dead letter keeps a redelivery from being handled."""
        letter = DeadLetter(
            subscriber="activity",
            message_id=uuid7(),
            type="book_registered_v1",
            envelope={},
            error="no",
            set_aside_at=datetime.now(UTC) - timedelta(days=100),
        )
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.dead_letters.add(letter)
            await transaction.commit()

        assert (await self.prune(Retention()))["dead_letters"] == 0
        assert (await self.prune(Retention(dead_letters=90.0)))["dead_letters"] == 1
        assert await number_of(self.engine, orm.dead_letters) == 0
        assert await values(self.engine, orm.inbox.c.message_id) == {letter.message_id}

    async def test_a_process_that_was_killed_is_forgotten_after_a_day(
        self, heartbeats: SQLHeartbeats
    ) -> None:
        """The day-old heartbeat is deleted, and that of a running process is kept."""
        await heartbeats.beat(a_process())
        await self.pass_time(DAY)
        await heartbeats.beat(running := a_process())

        assert (await self.prune(Retention()))["processes"] == 1
        assert [beat.process for beat in await heartbeats.list()] == [running]

    async def test_it_goes_on_until_all_is_gone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Five rows are deleted in batches of two, until none is left."""
        monkeypatch.setattr(retention, "BATCH", 2)
        await received(self.uow_on, *[uuid7() for _ in range(5)])
        await self.pass_time(31 * DAY)

        assert (await self.prune(Retention()))["inbox"] == 5
        assert await number_of(self.engine, orm.inbox) == 0

    async def test_what_waits_in_the_outbox_is_not_touched(self) -> None:
        """Outbox rows stay at any age."""
        event = an_event()
        await commit(self.uow_on, event)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.add(OutboxKey(event.message_id, "activity"))
            await transaction.commit()
        await self.pass_time(400 * DAY)

        await self.prune(Retention(messages=30.0, dead_letters=30.0))

        assert await number_of(self.engine, orm.outbox) == 2
