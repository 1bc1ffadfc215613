"""The reconciler: what was published and did not arrive is sent again."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reading_club.domain.errors import TransientFailure
from reading_club.service.errors import QueueRefused
from reading_club.service.letter_office import replay_parked
from reading_club.service.queues import Queues
from reading_club.service.subscriber import Subscriber
from reading_club.service.uow import AbstractUnitOfWork

logger = logging.getLogger(__name__)

DAY: Final = 86_400.0


@dataclass(frozen=True)
class Reconciler:
    """Compares what was published with the receipts of each subscriber.

    It does for what happens behind the broker's confirm what the relay does before it: a queue
    that was purged, a binding that was deleted, a broker that lost its disk, a message that
    vanished between two of its steps. Queues and bindings are declared before anything is sent
    again. What was parked goes along, as far as this release knows its type. Times are seconds.
    """

    subscribers: Sequence[Subscriber]
    queues: Queues
    make_uow: Callable[[], AbstractUnitOfWork]
    after: float = 300.0
    """How long an event may be on its way. Above the longest handler."""
    horizon: float = 7 * DAY
    """What is older is not looked at; receipts must be kept for longer."""
    limit: int = 1000
    """How many events of a subscriber are sent again in one transaction."""

    async def run_once(self) -> int:
        """Put into the outbox what is missing, and return how many events that is.

        Each subscriber has its turn, also after a failure of another one. Raises the first of
        these: EventstreamUnavailable while the broker cannot say what waits in a queue, and
        StorageUnavailable.
        """
        found, failures = 0, list[TransientFailure]()
        for subscriber in self.subscribers:
            try:
                found += await self._reconcile(subscriber)
            except TransientFailure as exc:
                failures.append(exc)
        if failures:
            raise failures[0]
        return found

    async def _reconcile(self, subscriber: Subscriber) -> int:
        await self._declare(subscriber)
        idle = await asyncio.to_thread(self.queues.is_empty, subscriber.name)
        found, last = 0, self.limit
        while last == self.limit:
            async with self.make_uow() as transaction:
                await replay_parked(subscriber, transaction.uow, datetime.now(UTC))
                last = await transaction.uow.receipts.resend_missing(
                    subscriber.name,
                    idle=idle,
                    after=self.after,
                    horizon=self.horizon,
                    limit=self.limit,
                )
                await transaction.commit()
            found += last
        return found

    async def _declare(self, subscriber: Subscriber) -> None:
        """Put back what is lost. A queue that is refused may take messages all the same."""
        try:
            await asyncio.to_thread(self.queues.declare, subscriber)
        except QueueRefused as exc:
            fields = {"subscriber": subscriber.name, "reason": str(exc)}
            logger.warning("a queue is refused", extra=fields)
