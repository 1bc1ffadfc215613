"""What every adapter of the statistics promises."""

from collections.abc import Awaitable, Callable
from typing import Final

import pytest
from messagebus import Event

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.eventstream.dead_letters.commands import discard
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey
from reading_club.eventstream.ports.statistics import Backlog, Statistics
from reading_club.testing.contracts.eventstream.helpers import SendReminder, commit
from reading_club.testing.contracts.eventstream.reconciliation import AFTER, HORIZON, Reconciling

SECOND: Final = 1.0
"""Tolerance of an age in seconds, for the time that a test takes."""


class StatisticsContract(Reconciling):
    """Counts and ages of the outbox, and the lag of each subscriber.

    Needs the fixtures of ``OutboxContract``, and ``statistics`` with the horizon HORIZON.
    """

    @pytest.fixture(autouse=True)
    def _statistics(self, statistics: Statistics) -> None:
        self.statistics = statistics

    async def lag(self, subscriber: str = "catalogue") -> int:
        """Return the lag of a subscriber to the made events."""
        return (await self.statistics.progress(subscriber, [self.type])).lag

    async def discard(self, subscriber: str, event: Event) -> None:
        """Make a dead letter of an event, and discard it."""
        await self.set_aside(subscriber, event)
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            letters = await transaction.uow.dead_letters.page()
            await discard(letters, transaction.uow, event.created_at)
            await transaction.commit()

    async def defer(self, event: Event, pause: float, reason: str) -> None:
        """Put an event into the outbox for one subscriber, to be claimed after a pause."""
        key = OutboxKey(event.message_id, "catalogue")
        async with self.uow_on(RecordingOutboxTransport()) as transaction:
            await transaction.uow.outbox.defer(key, {}, pause=pause, reason=reason)
            await transaction.commit()

    async def test_an_empty_stream_has_nothing_to_count(self) -> None:
        """Without rows there are zeros, and no ages."""
        progress = await self.statistics.progress("catalogue", [self.type])

        assert await self.statistics.pending() == 0
        assert await self.statistics.paused() == {}
        assert await self.statistics.backlog() == Backlog()
        assert (progress.name, progress.published, progress.handled) == ("catalogue", 0, 0)
        assert (progress.lag, progress.lag_seconds, progress.dead_letters) == (0, None, 0)

    async def test_a_subscriber_has_its_own_counts(self) -> None:
        """Published events are those of its types; the rest are its own rows."""
        await self.subscribe()
        handled, dead, late = self.make_event(), self.make_event(), self.make_event()
        await self.publish(handled, dead, late, SendReminder(text="of another type"))
        await self.pass_time(30)
        await self.receive("catalogue", handled)
        await self.receive("activity", late)
        await self.set_aside("catalogue", dead)
        await self.set_aside("activity", handled)

        progress = await self.statistics.progress("catalogue", [self.type])

        assert (progress.published, progress.handled, progress.dead_letters) == (3, 1, 1)
        assert progress.lag == 1
        assert progress.lag_seconds == pytest.approx(30, abs=SECOND)

    async def test_a_paused_subscriber_has_a_lag_and_says_since_when_it_is_paused(self) -> None:
        """Its lag is counted as ever, and the start of the pause tells that it is no failure."""
        await self.lost()
        await self.pause("catalogue")

        progress = await self.statistics.progress("catalogue", [self.type])
        other = await self.statistics.progress("activity", [self.type])

        assert progress.lag == 1
        assert progress.paused_since is not None
        assert other.paused_since is None
        assert await self.statistics.paused() == {"catalogue": progress.paused_since}

    async def test_an_event_on_its_way_is_behind(self) -> None:
        """An event counts as soon as it is committed, also while it is in the outbox."""
        await self.subscribe()
        await commit(self.uow_on, self.make_event())

        assert await self.lag() == 1
        await self.send()
        assert await self.lag() == 1

    @pytest.mark.parametrize("holder", ["catalogue", RELAY])
    @pytest.mark.parametrize("end", ["receive", "set_aside", "discard"])
    async def test_what_is_not_behind_is_not_missing(self, end: str, holder: str) -> None:
        """An inbox row or a dead letter, discarded or not: its own or the relay's."""
        finish: Callable[[str, Event], Awaitable[None]] = getattr(self, end)
        await finish(holder, await self.lost())

        assert await self.lag() == 0
        assert await self.resend() == 0

    @pytest.mark.parametrize("end", ["receive", "set_aside", "discard"])
    async def test_what_is_behind_is_missing(self, end: str) -> None:
        """An event that only another subscriber has done with is behind, and is re-sent."""
        finish: Callable[[str, Event], Awaitable[None]] = getattr(self, end)
        await finish("activity", await self.lost())

        assert await self.lag() == 1
        assert await self.resend() == 1

    async def test_what_is_re_sent_stays_behind_until_it_is_received(self) -> None:
        """A re-sent event counts while it waits for its next re-send."""
        event = await self.lost()
        await self.resend()
        await self.send()

        assert await self.lag() == 1
        await self.receive("catalogue", event)
        assert await self.lag() == 0

    async def test_what_was_published_before_the_subscription_is_not_behind(self) -> None:
        """A subscription covers later events; another subscriber's covers none of them."""
        await self.publish(self.make_event())
        await self.pass_time(30)
        await self.subscribe()
        await self.pass_time(AFTER + 1)

        assert [await self.lag(), await self.lag("activity")] == [0, 0]
        assert await self.resend() == 0

    async def test_what_is_beyond_the_horizon_is_not_behind(self) -> None:
        """The reconciler no longer re-sends an event whose inbox row may be deleted by now."""
        await self.lost()
        await self.pass_time(HORIZON)

        assert await self.lag() == 0
        assert await self.resend() == 0

    async def test_the_oldest_event_for_all_gives_the_age_of_the_outbox(self) -> None:
        """A row for all subscribers waits since it was added, also while it is leased."""
        await commit(self.uow_on, self.make_event())
        await self.pass_time(20)
        await commit(self.uow_on, self.make_event())
        await self.pass_time(10)

        backlog = await self.statistics.backlog()

        assert await self.statistics.pending() == 2
        assert backlog.oldest_seconds == pytest.approx(30, abs=SECOND)
        assert backlog.blocked == ()

    async def test_a_deferred_event_waits_since_the_end_of_its_deferral(self) -> None:
        """It has no age before that end."""
        await self.defer(self.make_event(), pause=60.0, reason="")
        assert (await self.statistics.backlog()).oldest_seconds is None
        await self.pass_time(70)

        backlog = await self.statistics.backlog()

        assert backlog.oldest_seconds == pytest.approx(10, abs=SECOND)

    async def test_a_blocked_queue_is_counted_with_its_reason(self) -> None:
        """Deferred or not, refused events of one subscriber and reason are one number."""
        for pause in (0.0, 60.0):
            await self.defer(self.make_event(), pause, "the queue is full")
        await self.defer(self.make_event(), 60.0, "the queue is of another kind")

        blocked = (await self.statistics.backlog()).blocked

        assert [(queue.subscriber, queue.reason, queue.events) for queue in blocked] == [
            ("catalogue", "the queue is full", 2),
            ("catalogue", "the queue is of another kind", 1),
        ]
        assert ALL_SUBSCRIBERS not in {queue.subscriber for queue in blocked}
