"""The status of an event stream: what waits, and how far each subscriber has come."""

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from reading_club.eventstream.ports.projections import Rebuilding
from reading_club.eventstream.ports.statistics import (
    OutsideProgress,
    Statistics,
    SubscriberProgress,
)
from reading_club.eventstream.subscriber import Subscriber

T = TypeVar("T")


class Ask(Protocol):
    """Awaits a query of this name; may limit its time, and return None for one that failed."""

    async def __call__(self, name: str, query: Coroutine[Any, Any, T], /) -> T | None:
        """Return the answer."""


async def ask_once(_: str, query: Coroutine[Any, Any, T], /) -> T | None:
    """Return the answer. Raises StorageUnavailable."""
    return await query


@dataclass(frozen=True)
class OutboxStatus:
    """The events that wait to be sent."""

    pending: int
    """How many there are, also those that are deferred or leased."""
    oldest_seconds: float | None
    """Age of the oldest row that is not deferred, None without any."""


@dataclass(frozen=True)
class StreamStatus:
    """The counts of a stream. What could not be queried is None, or is left out."""

    outbox: OutboxStatus | None
    """None if it could not be queried."""
    subscribers: Sequence[SubscriberProgress]
    """In the order of the subscribers that were asked for."""
    outside: Sequence[OutsideProgress]
    """Subscribers in other programs, by name."""
    rebuilds: Sequence[Rebuilding] = ()
    """The unfinished rebuilds of projections, by name."""


async def status_of(
    statistics: Statistics, subscribers: Iterable[Subscriber[Any, Any]], ask: Ask = ask_once
) -> StreamStatus:
    """Run all queries concurrently by ``ask``.

    Their names are ``outbox``, ``outside``, ``rebuilds``, and those of the subscribers. With
    ``ask_once`` the first failure is raised.
    """
    (outbox, outside, rebuilds), progress = await asyncio.gather(
        asyncio.gather(
            ask("outbox", _outbox(statistics)),
            ask("outside", statistics.outside()),
            ask("rebuilds", statistics.rebuilds()),
        ),
        asyncio.gather(
            *(ask(each.name, statistics.progress(each.name, each.types)) for each in subscribers)
        ),
    )
    known = [each for each in progress if each is not None]
    return StreamStatus(outbox, known, outside or (), rebuilds or ())


async def _outbox(statistics: Statistics) -> OutboxStatus:
    pending = await statistics.pending()
    return OutboxStatus(pending, (await statistics.backlog()).oldest_seconds)
