"""What every adapter of the statistics promises of the state of a stream."""

import pytest

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.statistics import Backlog, Statistics, SubscriberState
from reading_club.testing.contracts.eventstream.reconciliation import HORIZON, Reconciling
from reading_club.testing.contracts.eventstream.statistics import SECOND

NAMES = ("catalogue", RELAY, "activity")


class StreamStateContract(Reconciling):
    """Backlog, and lag, dead letters and pause of each subscriber, for metrics.

    Needs the fixtures of ``StatisticsContract``.
    """

    @pytest.fixture(autouse=True)
    def _statistics(self, statistics: Statistics) -> None:
        self.statistics = statistics

    async def states(self) -> list[SubscriberState]:
        """Return the states of two subscribers and the relay."""
        return list((await self.statistics.state(NAMES)).subscribers)

    async def test_an_empty_stream_has_an_empty_state(self) -> None:
        """Each subscriber has a state in the order asked for, also one that is unknown."""
        state = await self.statistics.state(NAMES)

        assert state.backlog == Backlog()
        assert state.subscribers == [SubscriberState(name, 0, None, 0, None) for name in NAMES]
        assert not (await self.statistics.state(())).subscribers

    async def test_the_lag_is_that_of_the_progress(self) -> None:
        """The events that each subscriber has yet to receive, and the age of the oldest."""
        await self.subscribe()
        first, second = self.make_event(), self.make_event()
        await self.publish(first)
        await self.pass_time(30)
        await self.publish(second)
        await self.receive("catalogue", second)

        catalogue, relay, activity = await self.states()

        progress = await self.statistics.progress("catalogue", [self.type])
        assert (catalogue.lag, progress.lag) == (1, 1)
        assert catalogue.lag_seconds == pytest.approx(30, abs=SECOND)
        assert progress.lag_seconds == pytest.approx(30, abs=SECOND)
        assert (activity.lag, relay.lag) == (0, 0)  # neither has subscribed

    async def test_what_is_beyond_the_horizon_is_not_in_the_lag(self) -> None:
        """The rule is the reconciler's: it no longer re-sends such an event."""
        await self.lost()
        await self.pass_time(HORIZON)

        assert [state.lag for state in await self.states()] == [0, 0, 0]

    async def test_dead_letters_are_those_of_each_subscriber(self) -> None:
        """The relay's are its own, and are in no lag."""
        await self.subscribe()
        events = [self.make_event() for _ in range(3)]
        await self.publish(*events)
        await self.set_aside("catalogue", events[0])
        await self.set_aside("catalogue", events[1])
        await self.set_aside(RELAY, events[2])

        states = await self.states()

        assert [state.dead_letters for state in states] == [2, 1, 0]
        assert [state.lag for state in states] == [0, 0, 0]

    async def test_a_paused_subscriber_is_told(self) -> None:
        """It has the time of its pause, the others have none."""
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.pauses.pause("catalogue")
            since = (await transaction.uow.pauses.list())["catalogue"]
            await transaction.commit()

        states = await self.states()

        assert [state.paused_since for state in states] == [since, None, None]

    async def test_the_backlog_is_in_the_state(self) -> None:
        """It is the one that ``backlog`` returns."""
        await self.lost()

        state = await self.statistics.state(NAMES)

        assert state.backlog == await self.statistics.backlog()
