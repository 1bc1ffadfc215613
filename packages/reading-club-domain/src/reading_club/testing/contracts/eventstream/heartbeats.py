"""What every store of heartbeats promises."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from reading_club.eventstream.ports.heartbeats import Heartbeats, Process
from reading_club.testing.contracts.eventstream.helpers import PassTime


def a_process(role: str = "relay", subscriber: str | None = None) -> Process:
    """Return a process that has just started."""
    return Process(uuid4(), role, "host", 42, "1.0", subscriber)


class HeartbeatsContract:
    """The latest heartbeat of each process is kept until the process ends.

    Needs the fixtures ``heartbeats`` (with an attribute ``clock``) and ``pass_time``.
    """

    @pytest.fixture(autouse=True)
    def _storage(self, heartbeats: Heartbeats, pass_time: PassTime) -> None:
        self.heartbeats, self.pass_time = heartbeats, pass_time

    async def test_a_process_is_known_by_its_heartbeat(self) -> None:
        """Role, subscriber, host, process id and release are those of the process."""
        worker, relay = a_process("worker", "activity"), a_process()
        for process in (worker, relay):
            await self.heartbeats.beat(process)

        beats = await self.heartbeats.list()

        assert [beat.process for beat in beats] == [relay, worker]
        assert all(beat.fresh and beat.trouble is None for beat in beats)

    async def test_the_age_is_that_of_the_latest_heartbeat(self) -> None:
        """The age is by the database's clock; after 30 seconds a heartbeat is stale."""
        silent, beating = a_process("relay"), a_process("web")
        for process in (silent, beating):
            await self.heartbeats.beat(process)
        await self.pass_time(31.0)
        await self.heartbeats.beat(beating, trouble="the broker is away")

        first, second = await self.heartbeats.list()

        assert (first.process, first.fresh) == (silent, False)
        assert first.age >= 31.0
        assert (second.process, second.fresh) == (beating, True)
        assert second.trouble == "the broker is away"

    async def test_a_process_that_ends_is_removed(self) -> None:
        """The row of the process is deleted at once, and only this row."""
        ended, running = a_process(), a_process()
        for process in (ended, running):
            await self.heartbeats.beat(process)

        await self.heartbeats.remove(ended)

        assert [beat.process for beat in await self.heartbeats.list()] == [running]

    async def test_looking_whether_changes_are_taken_leaves_no_row(self) -> None:
        """``check_writable`` leaves no heartbeat."""
        await self.heartbeats.check_writable()

        assert list(await self.heartbeats.list()) == []

    @pytest.mark.parametrize("seconds", [7200.0, -777_600.0])
    async def test_a_wrong_clock_is_told(self, seconds: float) -> None:
        """The offset is how far the process's clock is ahead of the database's, or behind."""
        beat_clock = lambda: datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: E731
        self.heartbeats.clock = beat_clock  # type: ignore[attr-defined]  # of every adapter

        offset = await self.heartbeats.beat(a_process())

        (beat,) = await self.heartbeats.list()
        assert offset == pytest.approx(seconds, abs=2.0)
        assert beat.clock_offset == offset
        assert beat.clock_is_wrong

    async def test_a_clock_that_agrees_is_right(self) -> None:
        """The duration of the query is no offset."""
        await self.heartbeats.beat(a_process())

        (beat,) = await self.heartbeats.list()
        assert not beat.clock_is_wrong

    async def test_processes_beat_at_once(self) -> None:
        """Concurrent heartbeats of several processes are all stored."""
        processes = [a_process() for _ in range(5)]

        await asyncio.gather(*map(self.heartbeats.beat, processes))

        assert {beat.process for beat in await self.heartbeats.list()} == set(processes)
