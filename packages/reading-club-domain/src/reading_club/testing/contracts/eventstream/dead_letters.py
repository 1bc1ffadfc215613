"""What every store of dead letters promises."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lastuuid import uuid7

from reading_club.eventstream.ports.dead_letters import (
    NO_FILTER,
    AuditEntry,
    DeadLetter,
    DeadLetterFilter,
)
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.testing.contracts.eventstream.helpers import UnitOfWorkFactory

BURNED = frozenset({"parcel_burned_v1", "x"})
FILTERS = [
    (DeadLetterFilter(), "abcd"),
    (DeadLetterFilter(subscriber="activity"), "abc"),
    (DeadLetterFilter(error="Refused"), "a"),
    (DeadLetterFilter(error="refused"), "b"),
    (DeadLetterFilter(error="100%"), "c"),
    (DeadLetterFilter(error="1_0"), ""),
    (DeadLetterFilter(error=""), "abcd"),
    (DeadLetterFilter(parked=True), "d"),
    (DeadLetterFilter(parked=False), "abc"),
    (DeadLetterFilter(types=BURNED), "abc"),
    (DeadLetterFilter(types=frozenset()), ""),
    (DeadLetterFilter(types=BURNED, subscriber="catalogue"), ""),
]
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def a_letter(**changes: Any) -> DeadLetter:
    """Return a dead letter of the activity log."""
    letter = {
        "subscriber": "activity",
        "message_id": uuid7(),
        "type": "parcel_burned_v1",
        "envelope": {"type": "parcel_burned_v1", "payload": "\x00 é 🦉"},
        "error": "unknown type",
        "set_aside_at": NEW_YEAR,
    }
    return DeadLetter.model_validate(letter | changes)


class DeadLetterFixtures:
    """Adds and reads dead letters; needs the fixture ``uow_factory``."""

    @pytest.fixture(autouse=True)
    def _storage(self, uow_factory: UnitOfWorkFactory) -> None:
        self.uow_factory = uow_factory

    async def add(self, *letters: DeadLetter) -> None:
        """Store dead letters."""
        async with self.uow_factory() as transaction:
            for letter in letters:
                await transaction.uow.dead_letters.add(letter)
            await transaction.commit()

    async def page(
        self, wanted: DeadLetterFilter = NO_FILTER, limit: int = 50, skip: int = 0
    ) -> list[DeadLetter]:
        """Return the dead letters that match."""
        async with self.uow_factory() as transaction:
            letters = await transaction.uow.dead_letters.page(wanted, limit=limit, skip=skip)
            await transaction.rollback()
        return list(letters)


class DeadLettersContract(DeadLetterFixtures):
    """A message that could not be handled is kept, once a subscriber."""

    async def test_a_message_is_kept_once_a_subscriber(self) -> None:
        """The same message again changes nothing; each subscriber has its own dead letter."""
        letter = a_letter(attempts=3)
        later = {"set_aside_at": NEW_YEAR + timedelta(days=1)}
        other = letter.model_copy(update={"subscriber": "catalogue", **later})
        await self.add(letter, other)
        await self.add(letter.model_copy(update={"error": "again", **later}), other)

        assert await self.page() == [other, letter]

    async def test_a_message_is_kept_whatever_it_is(self) -> None:
        """The envelope may be any JSON value."""
        envelopes: list[Any] = [None, "text \x00", [1, 2.5, None], {}, 7, True]
        letters = [a_letter(envelope=envelope, type="", parked=True) for envelope in envelopes]
        await self.add(*letters)

        assert sorted(await self.page(), key=lambda letter: letter.message_id) == letters

    async def test_what_was_received_is_not_kept(self) -> None:
        """A message in the subscriber's inbox gets no dead letter of this subscriber."""
        letter = a_letter()
        async with self.uow_factory() as transaction:
            await transaction.uow.inbox.insert_new(InboxKey("activity", letter.message_id))
            await transaction.commit()
        other = letter.model_copy(update={"subscriber": "catalogue"})
        await self.add(letter, other)

        assert await self.page() == [other]

    async def test_letters_are_chosen_by_a_filter(self) -> None:
        """Every field narrows the result; the error is matched literally, with its case."""
        letters = {
            "a": a_letter(error="KeyError: Refused"),
            "b": a_letter(error="the broker refused it"),
            "c": a_letter(error="100% wrong"),
            "d": a_letter(error="É", subscriber="catalogue", type="parcel_drowned_v1", parked=True),
        }
        await self.add(*letters.values())

        for wanted, expected in FILTERS:
            page = {letter.message_id for letter in await self.page(wanted)}
            assert page == {letters[name].message_id for name in expected}, wanted

    async def test_a_letter_is_found_by_its_message(self) -> None:
        """The filter by message id returns the dead letters of all subscribers."""
        letter = a_letter()
        other = letter.model_copy(update={"subscriber": "catalogue"})
        await self.add(letter, other, a_letter())

        page = await self.page(DeadLetterFilter(message_id=letter.message_id))

        assert {each.subscriber for each in page} == {"activity", "catalogue"}
        assert {each.message_id for each in page} == {letter.message_id}

    async def test_a_page_has_the_newest_first(self) -> None:
        """A page has the newest dead letters, up to ``limit``, or those after the first ones."""
        letters = [a_letter(set_aside_at=NEW_YEAR + timedelta(hours=n)) for n in range(4)]
        await self.add(*letters)

        assert await self.page(limit=3) == letters[:0:-1]
        assert await self.page(limit=2, skip=1) == letters[2:0:-1]
        assert await self.page(skip=4) == []

    async def test_a_letter_is_removed_once(self) -> None:
        """A second removal returns False; the dead letters of other subscribers stay."""
        letter = a_letter()
        other = letter.model_copy(update={"subscriber": "catalogue"})
        await self.add(letter, other)
        answers = []
        for _ in range(2):
            async with self.uow_factory() as transaction:
                answers.append(await transaction.uow.dead_letters.remove(letter))
                await transaction.commit()

        assert answers == [True, False]
        assert await self.page() == [other]

    async def test_the_audit_log_keeps_everything(self) -> None:
        """Entries are returned unchanged, the newest first; equal entries are all kept."""
        entry = AuditEntry(
            at=NEW_YEAR, action="retry", subscriber="activity", message_id=uuid7(), error="no"
        )
        last = entry.model_copy(update={"action": "discard"})
        for recorded in ([entry, entry], [last]):
            async with self.uow_factory() as transaction:
                for each in recorded:
                    await transaction.uow.audit.record(each)
                await transaction.commit()

        async with self.uow_factory() as transaction:
            assert list(await transaction.uow.audit.page()) == [last, entry, entry]
            assert list(await transaction.uow.audit.page(limit=1)) == [last]
            await transaction.rollback()
