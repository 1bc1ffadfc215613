"""The heartbeat loop: interval, outages, wrong clocks, and its thread."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reading_club.adapters.eventstream.event_loop_thread import open_in_thread
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.heartbeats import InMemoryHeartbeats
from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.engine import create_engine
from reading_club.adapters.uow_sqla.eventstream.heartbeats import SQLHeartbeats
from reading_club.app.bootstrap.database import database_url, open_heartbeats
from reading_club.app.heartbeat import BEAT_EVERY, RETRY_AFTER, beating, keep_beating, this_process
from reading_club.app.settings import Settings
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.ports.heartbeats import FRESH, Heartbeat

RELAY = this_process("relay")


class Beating:
    """A heartbeat loop on an in-memory database that can fail between two heartbeats."""

    def __init__(self) -> None:
        self.database = InMemoryDatabase()
        self.heartbeats = InMemoryHeartbeats(self.database)
        self.pauses: list[float] = []

    async def run(
        self, *errors: Exception | None, alive: Callable[[], bool] = lambda: True
    ) -> None:
        """Write ``len(errors) + 1`` heartbeats; after each one set the database's next error."""
        outcomes = iter(errors)

        async def sleep(seconds: float) -> None:
            self.pauses.append(seconds)
            try:
                self.database.error = next(outcomes)
            except StopIteration:
                raise asyncio.CancelledError from None

        with pytest.raises(asyncio.CancelledError):
            await keep_beating(self.heartbeats, RELAY, sleep=sleep, alive=alive)


async def test_a_process_beats_often_enough_to_count_as_running() -> None:
    """Three heartbeats fit into the time for which a process counts as running."""
    beating = Beating()
    await beating.run(None)

    (beat,) = await beating.heartbeats.list()
    assert (beat.process, beat.fresh) == (RELAY, True)
    assert beating.pauses == [BEAT_EVERY, BEAT_EVERY]
    assert BEAT_EVERY * 3 <= FRESH


async def test_it_goes_on_after_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    """An outage is logged once, and the next attempt follows after RETRY_AFTER."""
    beating, away = Beating(), StorageUnavailable("the database is read-only")
    with caplog.at_level(logging.WARNING):
        await beating.run(away, away, None)

    assert beating.pauses == [BEAT_EVERY, RETRY_AFTER, RETRY_AFTER, BEAT_EVERY]
    assert caplog.messages == ["no heartbeat: the database is read-only"]


async def test_a_process_that_hangs_writes_no_heartbeat() -> None:
    """Its row grows old, so that the status says who is missing; afterwards it beats again."""
    beating, alive = Beating(), iter([False, False, True])

    await beating.run(None, None, alive=lambda: next(alive))

    assert beating.pauses == [RETRY_AFTER, RETRY_AFTER, BEAT_EVERY]
    assert len(await beating.heartbeats.list()) == 1


async def test_a_process_that_hangs_from_the_start_is_not_listed() -> None:
    """Nothing is written for it."""
    beating = Beating()

    await beating.run(None, alive=lambda: False)

    assert await beating.heartbeats.list() == []


@pytest.mark.parametrize(("hours", "words"), [(2, "7200 s ahead of"), (-2, "7200 s behind")])
async def test_a_wrong_clock_is_logged_at_the_start(
    hours: int, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong clock is logged once, with its offset."""
    beating = Beating()
    beating.heartbeats.clock = lambda: datetime.now(UTC) + timedelta(hours=hours)
    with caplog.at_level(logging.WARNING):
        await beating.run(None, None)

    (line,) = caplog.messages
    assert words in line


def test_a_process_without_a_loop_beats_in_a_thread(data_dir: Path) -> None:
    """The row exists while the block runs, and is deleted at its end."""
    settings = Settings(data_dir=data_dir)

    async def beats() -> list[Heartbeat]:
        engine = create_engine(database_url(settings))
        try:
            return list(await SQLHeartbeats(engine, orm.stream).list())
        finally:
            await engine.dispose()

    async def first_beat() -> list[Heartbeat]:
        async with asyncio.timeout(10):
            while not (found := await beats()):  # noqa: ASYNC110  # a row has no event to wait for
                await asyncio.sleep(0)
        return found

    worker = this_process("worker", "activity")
    with open_in_thread(lambda: beating(open_heartbeats(settings), worker)):
        (beat,) = asyncio.run(first_beat())
    assert beat.process == worker
    assert asyncio.run(beats()) == []
