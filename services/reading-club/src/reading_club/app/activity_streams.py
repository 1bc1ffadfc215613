"""The open streams of the activity in one process: one task reads the arrivals for all of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Final

from reading_club.eventstream.errors import TransientFailure
from reading_club.service.activity import Arrival
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)

Reading = Callable[[], AbstractAsyncContextManager[AbstractUnitOfWork]]
INTERVAL: Final = 1.0
"""Seconds between two looks for arrivals."""
RECHECK: Final = 15.0
"""Seconds after which it is checked again that the sender of a stream's request may read."""
MOST_STREAMS: Final = 100
PAGE: Final = 100
"""Arrivals of one look."""
MOST_WAITING: Final = 500
"""Arrivals that may wait for one client, before its stream ends."""


async def an_interval() -> None:
    """Wait for the next look."""
    await asyncio.sleep(INTERVAL)


class TooManyStreams(Exception):
    """The process has as many open streams as it may have."""


class OpenStream:
    """The arrivals for one client, from a position on.

    Those up to ``live_from`` are read by ``read``, page by page; the later ones are offered.
    """

    def __init__(
        self,
        position: int,
        live_from: int,
        read: Callable[[int], Awaitable[Sequence[Arrival]]],
        pause: Callable[[], Awaitable[None]],
    ) -> None:
        self.position = position
        self._live_from, self._read, self._pause = live_from, read, pause
        self._waiting: list[Arrival] = []
        self._changed = asyncio.Event()
        self.ended = False

    def offer(self, arrivals: Sequence[Arrival]) -> None:
        """Let arrivals wait for the client; end the stream of a client that does not read."""
        if len(self._waiting) + len(arrivals) > MOST_WAITING:
            self.end()
        else:
            self._waiting.extend(arrivals)
            self._changed.set()

    def end(self) -> None:
        """End the stream: the client goes on from its position by another one."""
        self.ended = True
        self._changed.set()

    async def next(self, within: float) -> Sequence[Arrival] | None:
        """Return the next arrivals, or none of them after ``within`` seconds; None at the end."""
        if not self.ended and self.position < self._live_from:
            return await self._earlier()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._changed.wait()
        if self.ended:
            return None
        self._changed.clear()
        waiting, self._waiting = self._waiting, []
        return self._passed([each for each in waiting if each.position > self.position])

    async def _earlier(self) -> Sequence[Arrival]:
        """Return the next arrivals up to ``live_from``, none while the database is away."""
        try:
            page = await self._read(self.position)
        except TransientFailure:
            await self._pause()
            return []
        earlier = [each for each in page if each.position <= self._live_from]
        if not earlier:
            self.position = self._live_from
        return self._passed(earlier)

    def _passed(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        if arrivals:
            self.position = arrivals[-1].position
        return arrivals


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
        async with self._reading() as uow:
            return await uow.activity.arrived(after=after, limit=PAGE)

    async def _latest(self) -> int:
        async with self._reading() as uow:
            return await uow.activity.latest_position()
