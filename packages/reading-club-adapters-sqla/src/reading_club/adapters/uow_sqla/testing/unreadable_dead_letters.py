"""Tests of rows of dead letters that were written by hand, or are damaged."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.eventstream.dead_letters import commands
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.testing.contracts.eventstream import UnitOfWorkOn, a_letter
from reading_club.testing.contracts.eventstream.dead_letters import NEW_YEAR

DAMAGE: dict[str, dict[str, str]] = {
    "sqlite": {
        "envelope": "'{\"id\": '",
        "set_aside_at": "'some day'",
        "attempts": "'many'",
        "parked": "7",
        "message_id": "'no id'",
    },
    "postgresql": {
        "set_aside_at": "'infinity'",
        "envelope": f"'{'[' * 3000}{']' * 3000}'",
    },
}
"""SQL that stores what cannot be read, by dialect and column."""


class TestUnreadableDeadLetters:
    """A dead letter that cannot be read is listed beside the others, and can be discarded."""

    @pytest.fixture(autouse=True)
    def _storage(self, engine: AsyncEngine, tables: StreamTables, uow_on: UnitOfWorkOn) -> None:
        self.engine, self.uow_on = engine, uow_on
        self.table, self.damage = tables.dead_letters.name, DAMAGE[engine.dialect.name]

    async def letters(self) -> list[DeadLetter]:
        """Return all dead letters."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            found = list(await transaction.uow.dead_letters.page())
            await transaction.rollback()
        return found

    async def store(self) -> DeadLetter:
        """Store a sound dead letter, and one for each column that cannot be read."""
        sound = a_letter(set_aside_at=NEW_YEAR - timedelta(days=1))
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.dead_letters.add(sound)
            for column in self.damage:
                await transaction.uow.dead_letters.add(a_letter(error=f"KeyError: {column}"))
            await transaction.commit()
        async with self.engine.begin() as connection:
            for column, value in self.damage.items():
                changed = f"UPDATE {self.table} SET {column} = {value}"  # noqa: S608  # of DAMAGE
                await connection.execute(
                    text(f"{changed} WHERE error = :error"), {"error": f"KeyError: {column}"}
                )
        return sound

    async def test_it_hides_no_other(self) -> None:
        """Each is listed and counted with its subscriber, type and error; the sound is whole."""
        sound = await self.store()

        letters = {letter.error: letter for letter in await self.letters()}

        assert letters.pop(sound.error) == sound
        assert letters.keys() == {f"KeyError: {column}" for column in self.damage}
        for letter in letters.values():
            assert (letter.subscriber, letter.type) == (sound.subscriber, sound.type)
            assert not letter.can_be_sent
        assert isinstance(letters["KeyError: envelope"].envelope, str)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            groups = await transaction.uow.dead_letters.groups()
            await transaction.rollback()
        assert sum(group.count for group in groups) == len(self.damage) + 1

    async def test_it_can_be_discarded(self) -> None:
        """Retry leaves it, and discard deletes it, whichever field cannot be read."""
        await self.store()
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            uow, letters = transaction.uow, await transaction.uow.dead_letters.page()
            assert await commands.retry(letters, uow, NEW_YEAR) == []
            discarded = await commands.discard(letters, uow, NEW_YEAR)
            await transaction.commit()

        assert len(discarded) == len(self.damage) + 1
        assert await self.letters() == []
