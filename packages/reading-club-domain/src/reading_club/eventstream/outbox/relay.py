"""The relay: sends events of the outbox whose lease has run out."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from reading_club.domain.errors import TransientFailure
from reading_club.eventstream.outbox.batch_report import WindowReport
from reading_club.eventstream.outbox.circuit_breaker import Breaker
from reading_club.eventstream.outbox.retry_policy import Settlement
from reading_club.eventstream.ports.outbox import Lease, Outbox, Outgoing
from reading_club.eventstream.ports.publisher import EventPublisher, Published

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
        outbox: Outbox,
        publisher: EventPublisher,
        *,
        breaker: Breaker | None = None,
        settlement: Settlement | None = None,
        window: int = 500,
        lease: float = 30.0,
        poll: float = 0.5,
    ) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._breaker = breaker or Breaker()
        self._report = WindowReport(self._breaker)
        self._settlement = settlement or Settlement()
        self._window = window
        self._lease = lease
        self._poll = poll
        self._away = False
        self._publishing = asyncio.Lock()

    async def run(self, stopping: asyncio.Event) -> None:
        """Poll until ``stopping`` is set; batches already claimed are finished."""
        while not stopping.is_set():
            pause = await self._turns(stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)

    async def turn(self) -> float:
        """Send one batch; return the seconds to wait before the next one."""
        try:
            sent = await self._send_window()
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
        await self._turns(asyncio.Event())
        return self._breaker.closed and not self._away

    async def _turns(self, stopping: asyncio.Event) -> float:
        """Send batches until none is left or ``stopping`` is set; return the seconds to wait."""
        pause = await self.turn()
        if not pause:
            pause = min(await asyncio.gather(self._lane(stopping), self._lane(stopping)))
        return pause

    async def _lane(self, stopping: asyncio.Event) -> float:
        pause = 0.0
        while not pause and not stopping.is_set():
            pause = await self.turn()
        return pause

    async def _send_window(self) -> int:
        limit = self._breaker.allows(self._window)
        if not limit:
            return 0
        lease = Lease(self._lease)
        events = await self._outbox.claim(limit, lease)
        if events:
            await self._send(events, lease.token)
        return len(events)

    async def _send(self, events: Sequence[Outgoing], token: UUID) -> None:
        """Publish a batch after the previous one, unless that one has found an outage."""
        published, pause = Published(), 0.0
        async with self._publishing:
            if self._breaker.allows(len(events)) == len(events):
                probing = not self._breaker.closed
                published = await asyncio.to_thread(self._publisher.publish, events)
                self._report.add(events, published)
                pause = 2 * self._breaker.pause if probing else 0.0
        await self._settlement.settle(self._outbox, token, events, published, pause=pause)
