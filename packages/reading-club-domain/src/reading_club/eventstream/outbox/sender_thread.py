"""The thread of the sender, and its queue."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from queue import Empty, Full, Queue
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.batch_report import BatchReport
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.outbox.retry_policy import finish_refused
from reading_club.eventstream.ports.outbox import Lease, OutboxKey, OutboxMessage, OutboxStore
from reading_club.eventstream.ports.publisher import EventPublisher

logger = logging.getLogger(__name__)

_DELETE_DELAY: Final = 0.02
"""Seconds to collect confirmed rows before one DELETE."""
_WAKE: Final = None
"""The queue item that wakes a waiting thread, so that it can end."""


class _QueuedEvent(NamedTuple):
    event: OutboxMessage
    until: float
    """Monotonic time at which half the lease is over, and the event is left to the relay."""


class SenderThread:
    """Sends queued events in batches, and deletes the rows that the broker confirmed.

    The thread opens an event loop and an outbox of its own when it starts. An event that cannot
    be sent is dropped here: the relay sends its row in the outbox.
    """

    def __init__(
        self,
        open_outbox: Callable[[], AbstractAsyncContextManager[OutboxStore]],
        make_publisher: Callable[[], EventPublisher],
        lease: Lease,
        *,
        capacity: int,
        batch_size: int,
    ) -> None:
        self.lease = lease
        self._open_outbox = open_outbox
        self._make_publisher = make_publisher
        self._batch_size = batch_size
        self._queue: Queue[_QueuedEvent | None] = Queue(capacity)
        self._breaker = CircuitBreaker()
        self._report = BatchReport(self._breaker)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._deadline = float("inf")
        self._confirmed: list[OutboxKey] = []
        self._since = 0.0

    @property
    def _closed(self) -> bool:
        return self._deadline != float("inf")

    def enqueue(self, message: Mapping[str, Any]) -> None:
        """Enqueue a committed event, or leave it to the relay: outage, full queue or closed."""
        if self._breaker.pause or self._closed:
            return
        event = OutboxMessage(OutboxKey(UUID(message["id"])), dict(message))
        try:
            self._queue.put_nowait(_QueuedEvent(event, monotonic() + self.lease.seconds / 2))
        except Full:
            logger.debug("the sender is busy: an event is left to the relay")
        if self._thread is None or not self._thread.is_alive():
            self._start()

    def close(self, within: float) -> None:
        """Send the queued events and end the thread; block for ``within`` seconds at most."""
        self._deadline = monotonic() + within
        with self._lock:
            thread = self._thread
        if thread is not None:
            with suppress(
                Full
            ):  # the thread is busy: it looks whether it is closed before it waits
                self._queue.put_nowait(_WAKE)
            thread.join(within)

    def _start(self) -> None:
        with self._lock:
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(
                    target=self._serve, name="eventstream-sender", daemon=True
                )
                self._thread.start()

    def _serve(self) -> None:
        try:
            with closing(self._make_publisher()) as publisher:
                asyncio.run(self._work(publisher))
        except Exception:
            logger.exception("the sender has ended: events are left to the relay")
            self._breaker.record_failure()

    async def _work(self, publisher: EventPublisher) -> None:
        """Send until the thread is closed. Calls may block, as nothing else runs on this loop."""
        async with self._open_outbox() as outbox:
            while (queued := self._take()) is not None:
                try:
                    await self._send(queued, publisher, outbox)
                    await self._delete_confirmed(outbox, at_once=not queued)
                except TransientFailure as exc:
                    fields = {"error": type(exc).__name__, "reason": str(exc)}
                    logger.warning("the outbox is away", extra=fields)
                except Exception:
                    logger.exception("events are left to the relay")
                    self._breaker.record_failure()
            await self._delete_confirmed(outbox, at_once=True)

    def _take(self) -> Sequence[_QueuedEvent] | None:
        """Wait for events, and return the queued ones, up to a batch; None to stop.

        Returns an empty list if no event came and confirmed rows are due to be deleted.
        """
        queued: list[_QueuedEvent] = []
        patience = _DELETE_DELAY if self._confirmed else None
        try:
            offer = self._queue.get(block=not self._closed, timeout=patience)
            while offer is not None:
                queued.append(offer)
                if len(queued) >= self._batch_size:
                    break
                offer = self._queue.get_nowait()
        except Empty:
            return queued if queued or not self._closed else None
        return queued or None

    async def _send(
        self, queued: Sequence[_QueuedEvent], publisher: EventPublisher, outbox: OutboxStore
    ) -> None:
        now = monotonic()
        events = [offer.event for offer in queued if now < min(offer.until, self._deadline)]
        events = events[: self._breaker.permits(len(events))]
        if events:
            published = publisher.publish(events)
            self._report.add(events, published)
            self._since = self._since if self._confirmed else now
            self._confirmed += published.confirmed
            await finish_refused(outbox, self.lease.token, events, published)

    async def _delete_confirmed(self, outbox: OutboxStore, *, at_once: bool) -> None:
        """Delete confirmed rows: at once, at a full batch, or after a tenth of their lease."""
        late = monotonic() - self._since > self.lease.seconds / 10
        if self._confirmed and (at_once or late or len(self._confirmed) >= self._batch_size):
            confirmed, self._confirmed = self._confirmed, []
            await outbox.delete(self.lease.token, confirmed)
