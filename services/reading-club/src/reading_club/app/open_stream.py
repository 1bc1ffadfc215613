"""The open stream of one client: the arrivals of the activity that it has not got."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

from reading_club.eventstream.errors import TransientFailure
from reading_club.service.activity import Arrival

MOST_WAITING: Final = 500
"""Arrivals that may wait for one client, before its stream ends."""


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
