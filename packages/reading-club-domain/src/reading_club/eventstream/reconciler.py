"""The reconciler: re-sends published events that a subscriber has not received."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from reading_club.eventstream.dead_letters.commands import replay_parked
from reading_club.eventstream.errors import QueueRefused, TransientFailure
from reading_club.eventstream.outside import outside_subscribers
from reading_club.eventstream.ports.metrics import NO_METRICS, StreamMetrics
from reading_club.eventstream.retention import DAY
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork

logger = logging.getLogger(__name__)


class QueueInspector(Protocol):
    """The port to the subscribers' queues on the broker. Its methods block, up to a timeout."""

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Declare the subscriber's queue and its bindings, if they do not exist.

        Raises QueueRefused for this queue, and EventstreamUnavailable.
        """

    def is_empty(self, subscriber: str) -> bool:
        """Whether the subscriber's queue has no waiting message or does not exist.

        Raises EventstreamUnavailable.
        """
        ...


@dataclass(frozen=True)
class Reconciler:
    """Compares the published events with the inbox of each subscriber, and re-sends missing ones.

    The relay repairs losses before the broker's confirm, the reconciler losses after it: a purged
    queue, a deleted binding, a broker's lost disk, a message lost between two of its steps. Queues
    and bindings are declared before anything is re-sent. Parked dead letters whose type this
    release handles are replayed as well. Subscribers outside report no receipts: their
    queues are declared, and nothing of theirs is missing. Nor is anything of a paused subscriber,
    until it is resumed. Times are seconds.
    """

    subscribers: Sequence[Subscriber[Any, Any]]
    queues: QueueInspector
    make_uow: Callable[[], StreamUnitOfWork]
    after: float = 300.0
    """Age from which an event may be missing. Longer than the longest handler."""
    horizon: float = 7 * DAY
    """The maximum age of an event that is re-sent; inbox rows must be kept for longer."""
    limit: int = 1000
    """How many events of a subscriber are re-sent in one transaction, at most."""
    metrics: StreamMetrics = NO_METRICS

    async def run_once(self) -> int:
        """Put missing events into the outbox, and return how many.

        All subscribers are processed, even after a failure; then the first failure is raised:
        EventstreamUnavailable if the broker does not answer, or StorageUnavailable.
        """
        found, failures = 0, list[TransientFailure]()
        for subscriber in self.subscribers:
            try:
                found += await self._reconcile(subscriber)
            except TransientFailure as exc:
                failures.append(exc)
        try:
            await self._declare_outside()
        except TransientFailure as exc:
            failures.append(exc)
        if failures:
            raise failures[0]
        return found

    async def _declare_outside(self) -> None:
        async with self.make_uow() as transaction:
            outside = await outside_subscribers(transaction.uow)
            await transaction.rollback()
        for subscriber in outside:
            await self._declare(subscriber)

    async def _declare(self, subscriber: Subscriber[Any, Any]) -> None:
        try:
            await asyncio.to_thread(self.queues.declare, subscriber)
        except QueueRefused as exc:  # the queue may still take messages
            fields = {"subscriber": subscriber.name, "reason": str(exc)}
            logger.warning("a queue is refused", extra=fields)

    async def _reconcile(self, subscriber: Subscriber[Any, Any]) -> int:
        await self._declare(subscriber)
        idle = await asyncio.to_thread(self.queues.is_empty, subscriber.name)
        found, last = 0, self.limit
        while last == self.limit:
            async with self.make_uow() as transaction:
                await replay_parked(subscriber, transaction.uow, datetime.now(UTC))
                last = await transaction.uow.subscriptions.requeue_missing(
                    subscriber.name,
                    idle=idle,
                    after=self.after,
                    horizon=self.horizon,
                    limit=self.limit,
                )
                await transaction.commit()
            found += last
            if last:
                self.metrics.resent(subscriber.name, last)
        return found
