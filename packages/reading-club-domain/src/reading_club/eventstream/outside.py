"""Subscribers in other programs: adding and removing them, and following that in a process."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from reading_club.eventstream.dead_letters.commands import discard
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.ports.dead_letters import DeadLetterFilter
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club.eventstream.versions import NO_VERSIONS, Versions

log = logging.getLogger(__name__)

FOLLOW_EVERY: Final = 5.0
"""Seconds between two looks of a process at the subscribers outside."""
FORGET: Final = 2 * FOLLOW_EVERY
"""Seconds until every process has learned that a subscriber is there, or is gone and its queue is
declared no more. A process that cannot reach the database meanwhile may declare it later."""


class OutsideSubscriber(Subscriber[Any, Any]):
    """A subscriber whose handlers are in another program: a name and types on the wire."""

    def __init__(self, name: str, types: Collection[str]) -> None:
        super().__init__(name)
        self._types = frozenset(types)

    @property
    def types(self) -> frozenset[str]:
        """The types on the wire that the other program handles."""
        return self._types


class Queues(Protocol):
    """The queues of subscribers on the broker. Its methods block, up to a timeout."""

    def declare(self, subscriber: Subscriber[Any, Any]) -> None:
        """Declare a queue with its bindings. Raises QueueRefused and EventstreamUnavailable."""

    def delete(self, subscriber: Subscriber[Any, Any]) -> None:
        """Delete a queue with its messages, if it exists. Raises EventstreamUnavailable."""


async def outside_subscribers(uow: StreamUnitOfWork) -> list[OutsideSubscriber]:
    """Return the subscribers outside, by name."""
    found = await uow.subscriptions.outside()
    return [OutsideSubscriber(name, types) for name, types in found.items()]


async def add_outside(
    subscriber: OutsideSubscriber,
    make_uow: UnitOfWorkFactory,
    queues: Queues,
    *,
    versions: Versions = NO_VERSIONS,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Declare the queue, then store the subscriptions; types may be added later.

    With the ``versions`` of the publishers, a subscriber to a later version alone is subscribed to
    events that are stored in older ones as well. Then this waits ``FORGET`` seconds: a relay that
    does not know the queue yet would send these events of a replay as they are stored. Raises
    QueueRefused or EventstreamUnavailable, and nothing is stored.
    """
    await asyncio.to_thread(queues.declare, subscriber)
    async with make_uow() as transaction:
        subscriptions, name = transaction.uow.subscriptions, subscriber.name
        bound = subscriber.types | (await subscriptions.outside()).get(name, frozenset())
        converted = versions.converted_for(bound)
        await subscriptions.subscribe(name, bound, outside=True, converted=converted)
        await transaction.commit()
    if converted:
        await sleep(FORGET)


async def remove_outside(
    subscriber: OutsideSubscriber,
    make_uow: UnitOfWorkFactory,
    queues: Queues,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> bool:
    """Delete the subscriptions and outbox rows, discard dead letters, and then delete the queue.

    Waits ``FORGET`` seconds before the queue is deleted. The subscriber has to have every type that
    its queue may be bound to. Returns False if the name is unknown; what an earlier call has left
    is deleted nevertheless. Raises TransientFailure: call it again.
    """
    known = await _forget(subscriber.name, make_uow)
    await sleep(FORGET)
    await asyncio.to_thread(queues.delete, subscriber)
    await _forget(subscriber.name, make_uow)  # rows that a relay has added meanwhile
    return known


@asynccontextmanager
async def following(
    make_uow: UnitOfWorkFactory,
    route: Callable[[Sequence[OutsideSubscriber]], None],
    every: float = FOLLOW_EVERY,
) -> AsyncIterator[None]:
    """Call ``route`` with the subscribers outside, whenever they change while the block runs.

    The block begins after the first look, or ``every`` seconds. An unavailable database changes
    nothing: the subscribers are those that it had last.
    """
    looked = asyncio.Event()
    task = asyncio.create_task(_follow(make_uow, route, every, looked))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await looked.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(
    make_uow: UnitOfWorkFactory,
    route: Callable[[Sequence[OutsideSubscriber]], None],
    every: float,
    looked: asyncio.Event,
) -> None:
    known: dict[str, frozenset[str]] = {}
    while True:
        try:
            async with make_uow() as transaction:
                found = await outside_subscribers(transaction.uow)
                await transaction.rollback()
        except TransientFailure as exc:
            log.debug("subscribers outside are not known", extra={"reason": str(exc)})
        else:
            if known != (known := {each.name: each.types for each in found}):
                route(found)
        looked.set()
        await asyncio.sleep(every)


async def _forget(name: str, make_uow: UnitOfWorkFactory) -> bool:
    async with make_uow() as transaction:
        uow = transaction.uow
        known = await uow.subscriptions.remove_outside(name)
        letters = await uow.dead_letters.page(DeadLetterFilter(subscriber=name), limit=1000)
        await discard(letters, uow, datetime.now(UTC))
        await transaction.commit()
    return known
