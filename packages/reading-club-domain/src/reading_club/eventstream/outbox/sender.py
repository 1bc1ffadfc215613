"""The sender: publishes events that this process has committed, in a thread."""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from math import inf
from queue import Empty, Full, Queue
from time import monotonic
from typing import Any, Final
from uuid import UUID

from reading_club.eventstream.context import NO_CONTEXT, MessageContext
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.outbox.retry_policy import finish_refused
from reading_club.eventstream.outbox.sender_counts import QueuedEvent, SenderCounts
from reading_club.eventstream.per_process import call_after_fork
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.ports.outbox import (
    Lease,
    OutboxKey,
    OutboxMessage,
    OutboxStore,
    OutboxTransport,
)
from reading_club.eventstream.ports.publisher import EventPublisher

logger = logging.getLogger(__name__)

BATCH_SIZE: Final = 500
"""The most events of a batch, and the number of confirmed rows that are deleted at once."""
_DELETE_DELAY: Final = 0.02
"""Seconds to collect confirmed rows before one DELETE."""
_WAKE: Final = None
"""The queue item that wakes a waiting thread, so that it can end."""


class Sender(OutboxTransport):
    """Sends committed events in batches, and deletes the rows that the broker confirmed.

    The caller is never blocked and gets no error. An event that exceeds the queue's ``capacity``,
    comes during an outage of the broker, or cannot be sent, stays in the outbox for the relay,
    which sends it when the lease of ``lease`` seconds is over. The thread starts with the first
    event, and opens an event loop, a publisher and an outbox of its own. A forked process has a
    lease, a queue and a thread of its own.
    """

    def __init__(
        self,
        open_outbox: Callable[[], AbstractAsyncContextManager[OutboxStore]],
        make_publisher: Callable[[], EventPublisher],
        *,
        lease: float = 10.0,
        capacity: int = 10_000,
        metrics: StreamMetrics = NO_METRICS,
    ) -> None:
        self._metrics = metrics
        self._open_outbox = open_outbox
        self._make_publisher = make_publisher
        self._seconds = lease
        self._capacity = capacity
        self._begin_process()
        call_after_fork(self._begin_process)

    def _begin_process(self) -> None:
        self._lease = Lease(self._seconds)
        self._queue = Queue[QueuedEvent | None](self._capacity)
        self._breaker = CircuitBreaker(metrics=self._metrics)
        self._report = BatchReport(self._breaker, "sender", self._metrics)
        self._counts = SenderCounts(self._metrics, self._queue.qsize)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._deadline = inf
        self._confirmed: list[OutboxKey] = []
        self._since = 0.0

    @property
    def lease(self) -> Lease:
        """The lease of this process's rows."""
        return self._lease

    @property
    def _closed(self) -> bool:
        return self._deadline != inf

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Enqueue a committed event of which no context is known."""
        await self.send_in_context(message, NO_CONTEXT)

    async def send_in_context(self, message: Mapping[str, Any], context: MessageContext) -> None:
        """Enqueue a committed event for the thread. Does not block, and raises nothing."""
        now = monotonic()
        if self._closed or now < self._breaker.open_until:
            self._counts.left("outage")
            return
        try:
            key = OutboxKey(UUID(message["id"]))
            event = OutboxMessage(key, dict(message), context=context)
            if self._thread is None or not self._thread.is_alive():
                self._start()
            self._queue.put_nowait(QueuedEvent(event, now + self._lease.seconds / 2))
        except Full:
            self._counts.left("overflow")
            logger.debug("the sender is busy", extra={"message_id": message.get("id")})
        except Exception:
            self._counts.left("failure")
            fields = {"message_id": message.get("id")}
            logger.exception("an event is left to the relay", extra=fields)

    def close(self, within: float = 5.0) -> None:
        """Refuse new events, and block until queued ones are sent, up to ``within`` seconds."""
        self._deadline = monotonic() + within
        with self._lock:
            thread = self._thread
        if thread is not None:
            with suppress(Full):  # the thread is busy: before it waits, it looks whether to end
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
        """Send until the sender is closed. Calls may block, as nothing else runs on this loop."""
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

    def _take(self) -> Sequence[QueuedEvent] | None:
        """Wait for events, and return the queued ones, up to a batch; None to stop.

        Returns an empty list if no event came and confirmed rows are due to be deleted.
        """
        queued: list[QueuedEvent] = []
        patience = _DELETE_DELAY if self._confirmed else None
        try:
            offer = self._queue.get(block=not self._closed, timeout=patience)
            while offer is not None:
                queued.append(offer)
                if len(queued) >= BATCH_SIZE:
                    break
                offer = self._queue.get_nowait()
        except Empty:
            return queued if queued or not self._closed else None
        return queued or None

    async def _send(
        self, queued: Sequence[QueuedEvent], publisher: EventPublisher, outbox: OutboxStore
    ) -> None:
        now = monotonic()
        timely = [offer.event for offer in queued if now < min(offer.until, self._deadline)]
        events = timely[: self._breaker.permits(len(timely))]
        self._counts.left("overflow", len(queued) - len(timely))
        self._counts.left("outage", len(timely) - len(events))
        if events:
            with self._counts.sending(len(events)):
                published = publisher.publish(events)
            self._counts.unconfirmed(len(events), published)
            begun = monotonic() + self._lease.seconds / 2
            ages = (begun - o.until for o in queued if o.event.key in published.confirmed)
            self._report.add(published, ages)
            self._since = self._since if self._confirmed else now
            self._confirmed += published.confirmed
            if published.refused:
                await finish_refused(outbox, self._lease.token, events, published)

    async def _delete_confirmed(self, outbox: OutboxStore, *, at_once: bool) -> None:
        """Delete confirmed rows: at once, at a full batch, or after a tenth of their lease."""
        late = monotonic() - self._since > self._lease.seconds / 10
        if self._confirmed and (at_once or late or len(self._confirmed) >= BATCH_SIZE):
            confirmed, self._confirmed = self._confirmed, []
            await outbox.delete(self._lease.token, confirmed)
