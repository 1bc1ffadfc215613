"""What every record of failed attempts promises."""

from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.eventstream.ports.event_lives import LifeStep
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.contracts.eventstream.helpers import (
    MakeEvent,
    PassTime,
    UnitOfWorkFactory,
)
from reading_club.testing.contracts.eventstream.redaction import (
    BOB,
    SECRET,
    WITHOUT_ADA,
    a_reminder,
)


async def fail(uow_factory: UnitOfWorkFactory, key: InboxKey, *errors: str, first: int = 1) -> None:
    """Record failed attempts in a transaction of their own, numbered from ``first``."""
    async with uow_factory() as transaction:
        for number, error in enumerate(errors, first):
            await transaction.uow.failures.record(key, number, error)
        await transaction.commit()


class FailuresContract:
    """Each failed attempt is kept with its number, time and error.

    Needs the fixtures ``uow_factory``, ``make_event`` and ``pass_time``.
    """

    @pytest.fixture(autouse=True)
    async def _storage(
        self, uow_factory: UnitOfWorkFactory, make_event: MakeEvent, pass_time: PassTime
    ) -> None:
        self.uow_factory, self.pass_time = uow_factory, pass_time
        self.event = make_event()
        async with uow_factory() as transaction:
            await transaction.uow.messagestore.add(self.event)
            await transaction.uow.subscriptions.subscribe("activity", {"x"})
            await transaction.commit()
        self.key = InboxKey("activity", self.event.message_id)

    async def steps(self, message_id: UUID | None = None) -> list[LifeStep]:
        """Return the failed attempts in the life of a message, by default of the event."""
        async with self.uow_factory() as transaction:
            life = await transaction.uow.lives.find(message_id or self.event.message_id)
            await transaction.rollback()
        assert life is not None
        return [step for step in life.steps if step.kind == "failed attempt"]

    async def test_each_failed_attempt_is_kept(self) -> None:
        """Attempts are in the order of time, also two with the same number."""
        await fail(self.uow_factory, self.key, "KeyError: a", "KeyError: b")
        await self.pass_time(60.0)
        await fail(self.uow_factory, self.key, "ValueError: c")
        await fail(self.uow_factory, InboxKey("activity", uuid7()), "of another message")

        steps = await self.steps()

        told = ["attempt 1: KeyError: a", "attempt 2: KeyError: b", "attempt 1: ValueError: c"]
        assert [step.detail for step in steps] == told
        assert {step.subscriber for step in steps} == {"activity"}
        assert steps[0].at is not None
        assert steps[2].at is not None
        assert (steps[2].at - steps[0].at).total_seconds() >= 59.0

    async def test_an_attempt_that_never_ended_is_recorded_once(self) -> None:
        """One whose failure is recorded did end; each subscriber has attempts of its own."""
        await fail(self.uow_factory, self.key, "KeyError: a")
        for number in (1, 2, 2):
            async with self.uow_factory() as transaction:
                await transaction.uow.failures.record_lost(self.key, number, "Lost: gone")
                await transaction.commit()
        async with self.uow_factory() as transaction:
            other = InboxKey("catalogue", self.event.message_id)
            await transaction.uow.failures.record_lost(other, 1, "Lost: gone")
            await transaction.commit()

        details = {(step.subscriber, step.detail) for step in await self.steps()}
        mine = {("activity", "attempt 1: KeyError: a"), ("activity", "attempt 2: Lost: gone")}
        assert details == mine | {("catalogue", "attempt 1: Lost: gone")}
        assert len(await self.steps()) == 3

    async def test_a_rollback_records_nothing(self) -> None:
        """A record is a part of its transaction."""
        async with self.uow_factory() as transaction:
            await transaction.uow.failures.record(self.key, 1, "KeyError: a")
            await transaction.rollback()

        assert await self.steps() == []

    async def test_an_error_of_a_redacted_message_is_its_class(self) -> None:
        """Errors lose their words by a redaction, those that are recorded later at once."""
        message, other = a_reminder(), a_reminder(BOB)
        async with self.uow_factory() as transaction:
            for each in (message, other):
                await transaction.uow.messagestore.add(each)
            await transaction.commit()
        keys = [InboxKey("activity", each.message_id) for each in (message, other)]
        for key in keys:
            await fail(self.uow_factory, key, f"ValueError: {SECRET}")
        async with self.uow_factory() as transaction:
            await transaction.uow.history.redact([WITHOUT_ADA])
            await transaction.commit()
        for key in keys:
            await fail(self.uow_factory, key, f"KeyError: {SECRET}", first=2)

        of_ada, of_bob = [await self.steps(key.message_id) for key in keys]

        assert [step.detail for step in of_ada] == ["attempt 1: ValueError", "attempt 2: KeyError"]
        assert all(SECRET in step.detail for step in of_bob)
