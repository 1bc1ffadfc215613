"""What every activity log and every store of dead letters promises."""

from datetime import UTC, datetime

from lastuuid import uuid7

from reading_club.service.activity import ActivityEntry
from reading_club.service.dead_letters import DeadLetter
from reading_club.testing.builders import an_event
from reading_club.testing.contracts.uow import UnitOfWorkFactory


class ActivityLogContract:
    """Each event is in the log once, the newest first."""

    async def test_an_event_is_recorded_once(self, uow_factory: UnitOfWorkFactory) -> None:
        """The same event again, in this transaction or in another, changes nothing."""
        entry = ActivityEntry.of(an_event())
        for _ in range(2):
            async with uow_factory() as transaction:
                await transaction.uow.activity.record(entry)
                await transaction.uow.activity.record(entry)
                await transaction.commit()

        async with uow_factory() as transaction:
            assert list(await transaction.uow.activity.page()) == [entry]
            await transaction.rollback()

    async def test_pages_follow_each_other(self, uow_factory: UnitOfWorkFactory) -> None:
        """Pages show the newest id first, and together every entry once."""
        entries = [ActivityEntry.of(an_event()) for _ in range(5)]
        async with uow_factory() as transaction:
            for entry in entries:
                await transaction.uow.activity.record(entry)
            await transaction.commit()

        async with uow_factory() as transaction:
            first = list(await transaction.uow.activity.page(limit=3))
            second = list(await transaction.uow.activity.page(limit=3, before=first[-1].id))
            await transaction.rollback()
        assert first + second == sorted(entries, key=lambda entry: entry.id, reverse=True)
        assert len(first) == 3


class DeadLettersContract:
    """What could not be handled is kept, once a subscriber."""

    async def test_a_message_is_kept_once_a_subscriber(
        self, uow_factory: UnitOfWorkFactory
    ) -> None:
        """The same message again changes nothing; another subscriber has a letter of its own."""
        letter = DeadLetter(
            subscriber="activity",
            message_id=uuid7(),
            type="book_burned_v1",
            envelope={"type": "book_burned_v1", "payload": "\x00 é 🦉"},
            error="nobody knows it",
            set_aside_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
        other = letter.model_copy(
            update={"subscriber": "catalogue", "set_aside_at": datetime(2026, 1, 2, tzinfo=UTC)}
        )
        for _ in range(2):
            async with uow_factory() as transaction:
                await transaction.uow.dead_letters.add(letter)
                await transaction.uow.dead_letters.add(other)
                await transaction.commit()

        async with uow_factory() as transaction:
            assert list(await transaction.uow.dead_letters.page()) == [other, letter]
            await transaction.rollback()
