"""The event loop of a worker, which reports its own progress and that of its work."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

from reading_club.adapters.eventstream.event_loop_thread import (
    EventLoopThread,
    TResource,
    TResult,
)
from reading_club.eventstream.liveness import Liveness, tick


class WatchedEventLoopThread(EventLoopThread[TResource]):
    """Reports to ``liveness`` the turns of the loop, and each piece of work, which has to end.

    A handler that hangs is such a piece of work. During an outage each attempt ends, and the wait
    for the next one is no work.
    """

    def __init__(
        self, resources: Callable[[], AbstractAsyncContextManager[TResource]], liveness: Liveness
    ) -> None:
        super().__init__(resources)
        self._liveness = liveness
        self._watched: asyncio.AbstractEventLoop | None = None

    def run(self, work: Callable[[TResource], Coroutine[Any, Any, TResult]]) -> TResult:
        """Run ``work`` with the resource on the loop, and block for its result."""
        with self._liveness.working("the handling of events"):
            return super().run(work)

    def _loop(self) -> asyncio.AbstractEventLoop:
        loop = super()._loop()
        if loop is not self._watched:
            self._watched = loop
            asyncio.run_coroutine_threadsafe(tick(self._liveness), loop)
        return loop
