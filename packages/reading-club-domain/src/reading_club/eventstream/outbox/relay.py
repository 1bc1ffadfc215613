"""The relay: sends events of the outbox whose lease has run out."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox import retry_policy
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.ports.outbox import Lease, OutboxMessage, OutboxStore
from reading_club.eventstream.ports.publisher import EventPublisher, PublishResult

logger = logging.getLogger(__name__)


class Relay:
    """Claims batches of events whose lease has run out, sends them, and deletes the confirmed.

    Any number of relays may share an outbox, without a leader. During an outage one event at a
    time probes the broker. Neither an outage nor a queue that refuses events counts an attempt,
    and such a queue delays no other subscriber. Events that were claimed by a crashed relay are
    claimed by another one after their lease: delivery is at least once. Times are seconds.

    Two loops overlap: one batch is claimed or finished while another one is published, so that
    a lease has to last for two batches.
    """

    def __init__(
        self,
        outbox: OutboxStore,
        publisher: EventPublisher,
        *,
        breaker: CircuitBreaker | None = None,
        batch_size: int = 500,
        lease: float = 30.0,
        poll: float = 0.5,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._breaker = breaker or CircuitBreaker()
        self._report = BatchReport(self._breaker)
        self._batch_size = batch_size
        self._lease = lease
        self._poll = poll
        self._away = False
        self._publishing = asyncio.Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until ``stopping`` is set; batches already claimed are finished."""
        while not stopping.is_set():
            pause = await self._run_until_empty(stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)

    async def run_once(self) -> float:
        """Send one batch; return the seconds to wait before the next one."""
        try:
            sent = await self._send_batch()
        except TransientFailure as exc:
            fields = {"error": type(exc).__name__, "reason": str(exc)}
            logger.warning("the outbox is away", extra=fields)
            self._away = True
            return self._poll
        if not self._breaker.closed:
            return self._breaker.pause or self._poll
        return 0.0 if sent else self._poll

    async def drain(self) -> bool:
        """Send batches until none is left; return False if broker or database is unavailable."""
        self._away = False
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
        lease = Lease(self._lease)
        events = await self._outbox.claim(limit, lease)
        if events:
            await self._send(events, lease.token)
        return len(events)

    async def _send(self, events: Sequence[OutboxMessage], token: UUID) -> None:
        """Publish a batch after the previous one, unless that one has found an outage."""
        published, pause = PublishResult(), 0.0
        async with self._publishing:
            if self._breaker.permits(len(events)) == len(events):
                probing = not self._breaker.closed
                published = await asyncio.to_thread(self._publisher.publish, events)
                self._report.add(published)
                pause = 2 * self._breaker.pause if probing else 0.0
        await retry_policy.finish(self._outbox, token, events, published, pause=pause)
