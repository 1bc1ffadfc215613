"""After a restore of the database: nothing waits on the queues, and what is missing is sent.

A broker keeps messages of transactions that a restored copy does not have. Handled, each would be
an effect without its cause. So the queues are emptied, and the events of the copy that a
subscriber has not received are put into the outbox.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

Subscribers = Sequence[Subscriber[Any, Any]]


class Queues(Protocol):
    """The port to the subscribers' queues on the broker."""

    def empty(self, subscriber: Subscriber[Any, Any]) -> None:
        """Delete all messages for a subscriber from the broker, and declare its queue.

        Blocks, up to a timeout. Raises QueueRefused, and EventstreamUnavailable.
        """


async def empty_queues(subscribers: Subscribers, queues: Queues) -> None:
    """Empty the queue of each subscriber. No worker may run. Raises as ``Queues.empty`` does."""
    for subscriber in subscribers:
        await asyncio.to_thread(queues.empty, subscriber)


async def requeue_missing(
    subscribers: Subscribers, make_uow: UnitOfWorkFactory, *, horizon: float, limit: int = 1000
) -> int:
    """Put the events that each subscriber has not received into the outbox; return how many.

    The copy's present is the time of its newest message: events up to ``horizon`` seconds older
    than that are requeued, however old the copy is. Each event is requeued at once: nothing may be
    on its way. ``limit`` is for one transaction. Raises StorageUnavailable.
    """
    found = 0
    horizon += await _age(make_uow)
    for subscriber in subscribers:
        last = limit
        while last == limit:
            async with make_uow() as transaction:
                last = await transaction.uow.subscriptions.requeue_missing(
                    subscriber.name, idle=True, after=0.0, horizon=horizon, limit=limit
                )
                await transaction.commit()
            found += last
    return found


async def _age(make_uow: UnitOfWorkFactory) -> float:
    """Return the seconds since the newest message was recorded; 0 without any."""
    async with make_uow() as transaction:
        newest = await transaction.uow.lives.list(limit=1)
        await transaction.rollback()
    recorded = newest[0].recorded_at if newest else None
    return 0.0 if recorded is None else (datetime.now(UTC) - recorded).total_seconds()
