"""The relay: sends events of the outbox whose lease has run out."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import monotonic
from uuid import UUID

from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.liveness import Liveness
from reading_club.eventstream.outbox import retry_policy
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.outbox.claim_start import ClaimStart
from reading_club.eventstream.ports.dead_letters import RELAY
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.outbox import (
    ALL_SUBSCRIBERS,
    Lease,
    OutboxMessage,
    OutboxStore,
)
from reading_club.eventstream.ports.publisher import EventPublisher, PublishResult

logger = logging.getLogger(__name__)


class Relay:
    """Claims batches of events whose lease has run out, sends them, and deletes the confirmed.

    Any number of relays may share an outbox, without a leader. During an outage one event at a
    time probes the broker. Neither an outage nor a queue that refuses events counts an attempt,
    and such a queue delays no other subscriber. Events that were claimed by a crashed relay are
    claimed by another one after their lease: delivery is at least once. Times are seconds:
    ``lease`` is for how long claimed events belong to this relay, and ``poll`` is the pause after
    which it looks again if it found none. ``batch_size`` is the most events of one claim. Each
    batch is reported to ``liveness``.

    Two loops overlap: one batch is claimed or finished while another one is published, so that
    a lease has to last for two batches. ``start`` says at which row a claim begins.
    """

    def __init__(  # noqa: PLR0913  # six of them by name, with a default
        self,
        outbox: OutboxStore,
        publisher: EventPublisher,
        *,
        breaker: CircuitBreaker | None = None,
        batch_size: int = 500,
        lease: float = 30.0,
        poll: float = 0.5,
        liveness: Liveness | None = None,
        metrics: StreamMetrics = NO_METRICS,
        start: ClaimStart | None = None,
    ) -> None:
        self._metrics = metrics
        self._start = start or ClaimStart()
        self._outbox = outbox
        self._publisher = publisher
        self._breaker = breaker or CircuitBreaker(metrics=metrics)
        self._report = BatchReport(self._breaker, "relay", metrics)
        self._batch_size = batch_size
        self._lease = lease
        self._poll = poll
        self._liveness = liveness or Liveness()
        self._away = False
        self._told = False
        self._publishing = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until ``stopping`` is set; batches already claimed are finished."""
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()
        while not stopping.is_set():
            self._woken.clear()
            pause = await self._run_until_empty(stopping)
            await _first_of(stopping, self._woken, within=pause)

    def wake(self) -> None:
        """Let ``run`` poll at once, as rows may be due. Any thread may call this; never blocks."""
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop is closed
                self._loop.call_soon_threadsafe(self._woken.set)

    async def run_once(self) -> float:
        """Send one batch; return the seconds to wait before the next one."""
        try:
            with self._liveness.working("sending a batch"):
                sent = await self._send_batch()
        except TransientFailure as exc:
            self._report_away(exc)
            return self._poll
        if self._told and self._breaker.closed:  # else it may not have been asked
            logger.info("the outbox is back")
            self._told = False
        if not self._breaker.closed:
            return self._breaker.pause or self._poll
        return 0.0 if sent else self._poll

    def _report_away(self, failure: TransientFailure) -> None:
        """Log an outage of the outbox once, however long it lasts: the disk may be full."""
        self._away = True
        if not self._told:
            fields = {"error": type(failure).__name__, "reason": str(failure)}
            logger.warning("the outbox is away", extra=fields)
            self._told = True

    async def drain(self) -> bool:
        """Send batches until none is left; return False if broker or database is unavailable."""
        self._away = False
        self._start.look_at_the_oldest()
        await self._run_until_empty(asyncio.Event())
        while self._start.has_skipped:
            self._start.look_at_the_oldest()
            await self._run_until_empty(asyncio.Event())
        return self._breaker.closed and not self._away

    async def _run_until_empty(self, stopping: asyncio.Event) -> float:
        """Send batches until none is left or ``stopping`` is set; return the seconds to wait."""
        pause = await self.run_once()
        if not pause:
            pause = min(
                await asyncio.gather(self._claim_loop(stopping), self._claim_loop(stopping))
            )
        return pause

    async def _claim_loop(self, stopping: asyncio.Event) -> float:
        pause = 0.0
        while not pause and not stopping.is_set():
            pause = await self.run_once()
        return pause

    async def _send_batch(self) -> int:
        limit = self._breaker.permits(self._batch_size)
        if not limit:
            return 0
        lease, (since, began) = Lease(self._lease), self._start.begin()
        events = await self._outbox.claim(limit, lease, since=since)
        self._start.end(since, began, events, limit)
        if events:
            await self._send(events, lease.token)
        return len(events)

    async def _send(self, events: Sequence[OutboxMessage], token: UUID) -> None:
        """Publish a batch after the previous one, unless that one has found an outage."""
        claimed, published, pause = monotonic(), PublishResult(), 0.0
        async with self._publishing:
            if self._breaker.permits(len(events)) == len(events):
                probing = not self._breaker.closed
                published = await asyncio.to_thread(self._publisher.publish, events)
                self._report.add(published, _ages(events, published, claimed))
                pause = 2 * self._breaker.pause if probing else 0.0
        dead = await retry_policy.finish(self._outbox, token, events, published, pause=pause)
        for event in dead:
            subscriber = event.key.subscriber or RELAY
            self._metrics.dead_lettered(subscriber, str(event.envelope.get("type", "")))


def _ages(
    events: Sequence[OutboxMessage], published: PublishResult, claimed: float
) -> Iterator[float]:
    """Yield the seconds from commit to confirm, of confirmed events for all subscribers."""
    since_claim = monotonic() - claimed
    for event in events:
        if event.key.subscriber == ALL_SUBSCRIBERS and event.key in published.confirmed:
            yield event.age + since_claim


async def _first_of(*events: asyncio.Event, within: float) -> None:
    """Wait until one of the events is set, up to ``within`` seconds."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waiting:
            wait.cancel()
