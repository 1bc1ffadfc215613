"""The relay: it sends what the processes that committed it did not."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from reading_club.domain.errors import TransientFailure
from reading_club.service.outbox.breaker import Breaker
from reading_club.service.outbox.port import EventPublisher, Lease, Outbox, Outgoing, Published
from reading_club.service.outbox.settling import Settlement

logger = logging.getLogger(__name__)


class Relay:
    """Claims windows of events whose lease has run out, sends them, and forgets the confirmed.

    Any number of relays may work on one outbox: none knows of another, and none leads. While
    the broker is away one event at a time probes it; nothing is counted then, however long it
    lasts. What a relay that dies has claimed is sent by the next one, so that an event may be
    sent twice, and never not at all. Times are seconds.
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
        self._settlement = settlement or Settlement()
        self._window = window
        self._lease = lease
        self._poll = poll
        self._away = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until it is asked to stop; the window at hand is finished."""
        while not stopping.is_set():
            pause = await self.turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), pause)

    async def turn(self) -> float:
        """Send one window, and return how long to wait before the next turn."""
        self._away = False
        try:
            sent = await self._send_window()
        except TransientFailure as exc:
            logger.warning("the outbox is away", extra={"error": type(exc).__name__})
            self._away = True
            return self._poll
        if not self._breaker.closed:
            return self._breaker.pause or self._poll
        return 0.0 if sent else self._poll

    async def drain(self) -> bool:
        """Send windows until none is left; return False if the broker or the database is away."""
        while await self.turn() == 0.0:
            pass
        return self._breaker.closed and not self._away

    async def _send_window(self) -> int:
        limit = self._breaker.allows(self._window)
        if not limit:
            return 0
        lease, probing = Lease(self._lease), not self._breaker.closed
        events = await self._outbox.claim(limit, lease)
        if events:
            published = await asyncio.to_thread(self._publisher.publish, events)
            report(self._breaker, events, published)
            pause = 2 * self._breaker.pause if probing else 0.0
            token = lease.token
            await self._settlement.settle(self._outbox, token, events, published, pause=pause)
        return len(events)


def report(breaker: Breaker, events: Sequence[Outgoing], published: Published) -> None:
    """Tell the breaker and the log how a window went."""
    if published.outage is None:
        if not breaker.closed:
            logger.info("the broker is back")
        breaker.succeeded()
    else:
        if breaker.closed:
            logger.warning("the broker is away", extra={"error": type(published.outage).__name__})
        breaker.failed()
    for event in events:
        reason = published.failed.get(event.key)
        if reason is not None:
            logger.error(
                "an event was refused",
                extra={"message_id": str(event.key.message_id), "error": reason},
            )
