"""What every adapter of the statistics promises of its counts for each minute."""

from datetime import timedelta

import pytest

from reading_club.eventstream.ports.statistics import PerMinute, Statistics
from reading_club.testing.contracts.eventstream.helpers import SendReminder
from reading_club.testing.contracts.eventstream.reconciliation import Reconciling


class PerMinuteContract(Reconciling):
    """Numbers of published and handled events. Needs the fixtures of ``StatisticsContract``."""

    @pytest.fixture(autouse=True)
    def _statistics(self, statistics: Statistics) -> None:
        self.statistics = statistics

    async def counted(self, minutes: int = 3) -> PerMinute:
        """Return the numbers of the made events."""
        return await self.statistics.per_minute([self.type], minutes=minutes)

    async def test_without_events_every_minute_has_none(self) -> None:
        """There is a number for each minute, and no subscriber."""
        counted = await self.counted()

        assert list(counted.published) == [0, 0, 0]
        assert counted.handled == {}

    async def test_published_events_are_counted_by_their_minute(self) -> None:
        """Events of other types, and those before the first minute, do not count."""
        await self.publish(self.make_event())
        await self.pass_time(100)
        await self.publish(self.make_event(), self.make_event(), SendReminder(text="another type"))
        await self.pass_time(90)
        await self.publish(self.make_event())

        assert list((await self.counted()).published) == [0, 2, 1]
        assert list((await self.counted(4)).published) == [1, 0, 2, 1]

    async def test_effects_are_counted_by_subscriber(self) -> None:
        """A subscriber whose effects are all older is left out."""
        late, early = self.make_event(), self.make_event()
        await self.receive("activity", late)
        await self.pass_time(130)
        await self.receive("catalogue", late)
        await self.receive("catalogue", early)
        await self.pass_time(70)

        handled = (await self.counted()).handled

        assert {name: list(numbers) for name, numbers in handled.items()} == {
            "catalogue": [0, 2, 0]
        }

    async def test_the_last_minute_ends_now(self) -> None:
        """The numbers have the time of the database, which passes."""
        before = (await self.counted()).until

        assert (await self.counted()).until - before < timedelta(minutes=1)
        assert before.utcoffset() == timedelta()
