"""The open streams of the activity in one process: one task reads the arrivals for all of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeVar

from reading_club.app.open_stream import OpenStream
from reading_club.app.uncancelled import uncancelled
from reading_club.eventstream.errors import TransientFailure
from reading_club.service.activity import Arrival
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)

TAnswer = TypeVar("TAnswer")
Reading = Callable[[], AbstractAsyncContextManager[AbstractUnitOfWork]]
INTERVAL: Final = 1.0
"""Seconds between two looks for arrivals."""
RECHECK: Final = 15.0
"""Seconds after which it is checked again that the sender of a stream's request may read."""
MOST_STREAMS: Final = 100
PAGE: Final = 100
"""Arrivals of one look."""


async def an_interval() -> None:
    """Wait for the next look."""
    await asyncio.sleep(INTERVAL)


class TooManyStreams(Exception):
    """The process has as many open streams as it may have."""


class ActivityStreams:
    """Opens streams, up to ``most``; the first one starts the task that looks for arrivals.

    ``pause`` waits between two looks, and ``count`` is told the number of open streams.
    """

    def __init__(
        self,
        reading: Reading,
        *,
        most: int = MOST_STREAMS,
        pause: Callable[[], Awaitable[None]] = an_interval,
        count: Callable[[int], object] = int,
    ) -> None:
        self.most, self.pause, self.recheck = most, pause, RECHECK
        self._reading, self._count = reading, count
        self._streams = set[OpenStream]()
        self._starting = asyncio.Lock()
        self._looking: asyncio.Task[None] | None = None
        self._position = 0
        self._closed = False

    async def open(self, after: int | None) -> OpenStream:
        """Open a stream from a position on, or from now on; the caller has to close it.

        A position that the log has not reached, as after the restore of a backup, is the latest.
        Raises TooManyStreams, and TransientFailure.
        """
        start = None if after is None else min(after, await self._latest())
        async with self._starting:
            if self._looking is None:
                self._position = await self._latest()
                self._looking = asyncio.create_task(self._look_until_closed())
        return self._add(start)

    def _add(self, start: int | None) -> OpenStream:
        """Open the stream at once: it is offered what the task finds after ``live_from``."""
        now = self._position
        if len(self._streams) >= self.most:
            raise TooManyStreams
        stream = OpenStream(now if start is None else start, now, self._page, self.pause)
        self._streams.add(stream)
        self._count(len(self._streams))
        if self._closed:
            stream.end()
        return stream

    def close(self, stream: OpenStream) -> None:
        """Forget a stream; with the last one the task ends."""
        self._streams.discard(stream)
        self._count(len(self._streams))
        if not self._streams and self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def close_all(self) -> None:
        """End all streams, and those that are still opened: the process is about to end."""
        self._closed = True
        self._end_open()

    def _end_open(self) -> None:
        for stream in self._streams:
            stream.end()

    async def _look_until_closed(self) -> None:
        """Look for arrivals; a bug ends all streams, and the next stream starts another task."""
        try:
            await self._look_on()
        except Exception:
            self._looking = None
            self._end_open()
            raise

    async def _look_on(self) -> None:
        """Offer arrivals to all streams; a database that is away is asked again."""
        is_away = False
        while True:
            await self.pause()
            try:
                await self._look()
                is_away = False
            except TransientFailure as exc:
                if not is_away:
                    log.warning("open streams wait for the database", extra={"reason": str(exc)})
                is_away = True

    async def _look(self) -> None:
        while arrivals := await self._page(self._position):
            self._position = arrivals[-1].position
            for stream in list(self._streams):
                stream.offer(arrivals)
            if len(arrivals) < PAGE:
                return

    async def _page(self, after: int) -> Sequence[Arrival]:
        return await self._ask(lambda uow: uow.activity.arrived(after=after, limit=PAGE))

    async def _latest(self) -> int:
        return await self._ask(lambda uow: uow.activity.latest_position())

    async def _ask(self, ask: Callable[[AbstractUnitOfWork], Awaitable[TAnswer]]) -> TAnswer:
        async def asked() -> TAnswer:
            async with self._reading() as uow:
                return await ask(uow)

        return await uncancelled(asked())
