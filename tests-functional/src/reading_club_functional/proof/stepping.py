"""Coroutines of production code, driven by hand from one point to the next."""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
from types import coroutine
from typing import Any, Final, NamedTuple
from unittest.mock import patch
from uuid import UUID

from reading_club.adapters.memory import InMemoryOutbox, InMemoryStreamUnitOfWork
from reading_club.adapters.memory.database import InMemoryStreamDatabase
from reading_club.eventstream.outbox import sender
from reading_club.eventstream.outbox.circuit_breaker import CircuitBreaker
from reading_club.eventstream.ports.outbox import NO_LEASE, OLDEST, Lease, OutboxKey, OutboxMessage

PUBLISH: Final = "publish"


class Point(NamedTuple):
    """Where a coroutine waits: before a call, or for the outcome of a handler."""

    action: str
    arguments: Any = None


@coroutine
def reach(point: Point) -> Generator[Point, Any, Any]:
    """Wait at this point, and return what the driver says."""
    return (yield point)


class Stepped:
    """A process as a coroutine, which runs from one point to the next."""

    def __init__(self, work: Coroutine[Any, Any, Any]) -> None:
        self._work = work
        self.point: Point | None = None
        """Where it waits; None when it has ended."""
        self.go_on()

    def go_on(self, said: object = None) -> None:
        """Run to the next point or to the end."""
        try:
            self.point = self._work.send(said)
        except StopIteration:
            self.point = None

    def crash(self) -> None:
        """Drop the coroutine where it is: what is not committed is rolled back."""
        self._work.close()
        self.point = None


def finish(work: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine to its end, in one step."""
    if (point := Stepped(work).point) is not None:
        raise AssertionError(f"a step of its own: {point.action}")


class SteppedOutbox(InMemoryOutbox):
    """An outbox that is a point before each finishing write, but the next one of its kind."""

    def __init__(self, database: InMemoryStreamDatabase) -> None:
        super().__init__(database)
        self._last = ""
        self.token = NO_LEASE
        """The token of the last claim."""

    async def claim(self, limit: int, lease: Lease, *, since: UUID = OLDEST) -> list[OutboxMessage]:
        """Claim as before, and note the token."""
        self._last, self.token = "", lease.token
        return list(await super().claim(limit, lease, since=since))

    async def delete(self, token: UUID, keys: Collection[OutboxKey]) -> None:
        """Delete after the point."""
        await self._reach("delete")
        await super().delete(token, keys)

    async def release(
        self,
        token: UUID,
        keys: Collection[OutboxKey],
        *,
        retry_in: float = 0.0,
        reason: str | None = None,
    ) -> None:
        """Give back after the point."""
        await self._reach("release")
        await super().release(token, keys, retry_in=retry_in, reason=reason)

    async def split(
        self, token: UUID, keys: Collection[OutboxKey], *, retry_in: float = 0.0
    ) -> None:
        """Split after the point."""
        await self._reach("split")
        await super().split(token, keys, retry_in=retry_in)

    async def fail(
        self, token: UUID, failures: Mapping[OutboxKey, str], *, retry_in: float
    ) -> None:
        """Count after the point."""
        await self._reach("fail")
        await super().fail(token, failures, retry_in=retry_in)

    async def dead_letter(self, token: UUID, failures: Mapping[OutboxKey, str]) -> None:
        """Give up after the point."""
        await self._reach("fail")
        await super().dead_letter(token, failures)

    def begin(self) -> None:
        """Make the next finishing write a point in any case."""
        self._last = ""

    async def _reach(self, action: str) -> None:
        if action != self._last:
            await reach(Point(action))
        self._last = action


class SteppedUnitOfWork(InMemoryStreamUnitOfWork):
    """A unit of work that is a point before each transaction."""

    async def __aenter__(self) -> Any:
        """Open the transaction after the point."""
        await reach(Point("transaction"))
        return await super().__aenter__()


class AlwaysClosed(CircuitBreaker):
    """A breaker that lets everything pass: the model has no pauses."""

    def permits(self, batch_size: int) -> int:
        """Let all events pass."""
        return batch_size

    def record_failure(self) -> None:
        """Stay closed."""


async def _in_this_thread(work: Callable[..., Any], *arguments: Any) -> Any:
    """Stand in for ``asyncio.to_thread``: the publication is a point, all else is done at once."""
    if work.__name__ == PUBLISH:
        await reach(Point(PUBLISH, arguments[0]))
    return work(*arguments)


@contextmanager
def stepping(seconds: Callable[[], float]) -> Iterator[None]:
    """Drive coroutines without an event loop and without logs, with the sender on this clock."""
    logging.disable(logging.CRITICAL)
    try:
        with (
            patch.object(asyncio, "to_thread", _in_this_thread),
            patch.object(sender, "monotonic", seconds),
        ):
            yield
    finally:
        logging.disable(logging.NOTSET)
