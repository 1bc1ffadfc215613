"""One event loop in a thread, for blocking callers: Celery has no asynchronous tasks."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

logger = logging.getLogger(__name__)

TResource = TypeVar("TResource")
TResult = TypeVar("TResult")


class EventLoopThread(Generic[TResource]):
    """Runs coroutines on one loop, with a resource that is opened there once.

    The first call starts the thread and opens the resource; an error while opening is raised to the
    caller, and the next call tries again. All threads of the process share loop and resource. Do
    not fork the process while the thread runs.
    """

    def __init__(
        self, resources: Callable[[], contextlib.AbstractAsyncContextManager[TResource]]
    ) -> None:
        self._resources = resources
        self._lock = threading.Lock()
        self._started: tuple[asyncio.AbstractEventLoop, threading.Thread] | None = None
        self._opened: asyncio.Future[TResource] | None = None
        self._holder: asyncio.Task[None] | None = None

    def run(self, work: Callable[[TResource], Coroutine[Any, Any, TResult]]) -> TResult:
        """Run ``work`` with the resource on the loop, and block for its result."""
        return self.start(work).result()

    def start(self, work: Callable[[TResource], Coroutine[Any, Any, TResult]]) -> "Future[TResult]":
        """Begin to run ``work`` with the resource on the loop, without blocking."""
        return asyncio.run_coroutine_threadsafe(self._with_resource(work), self._loop())

    def repeat(
        self, work: Callable[[TResource], Coroutine[Any, Any, None]], interval: float
    ) -> None:
        """Run ``work`` after each ``interval`` seconds until the loop is closed, despite errors."""

        async def repeated() -> None:
            while True:
                await asyncio.sleep(interval)
                try:
                    await self._with_resource(work)
                except Exception as exc:  # noqa: BLE001  # the next time it may succeed
                    logger.debug("repeated work failed (%s)", type(exc).__name__)

        asyncio.run_coroutine_threadsafe(repeated(), self._loop())

    async def awaited(self, work: Callable[[TResource], Coroutine[Any, Any, TResult]]) -> TResult:
        """Run ``work`` for a caller on another loop, whose cancellation cancels it."""
        return await asyncio.wrap_future(self.start(work))

    def close(self, within: float = 10.0) -> None:
        """Cancel running coroutines, and close the resource and the loop.

        Raises TimeoutError after ``within`` seconds, and errors of closing the resource. A later
        call starts a new loop.
        """
        with self._lock:
            if self._started is None:
                return
            loop, thread = self._started
            try:
                asyncio.run_coroutine_threadsafe(self._release(), loop).result(within)
            finally:
                self._started = self._opened = self._holder = None
                loop.call_soon_threadsafe(loop.stop)
                thread.join(within)
                if not loop.is_running():
                    loop.close()

    def _loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._started is None:
                loop = asyncio.new_event_loop()
                name = "eventstream-loop"
                thread = threading.Thread(target=loop.run_forever, name=name, daemon=True)
                thread.start()
                self._started = loop, thread
            return self._started[0]

    async def _with_resource(
        self, work: Callable[[TResource], Coroutine[Any, Any, TResult]]
    ) -> TResult:
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
            self._holder = asyncio.create_task(self._hold_resource(self._opened))
        return await work(await asyncio.shield(self._opened))

    async def _hold_resource(self, opened: asyncio.Future[TResource]) -> None:
        """Open and close the resource in one task, as cancel scopes require."""
        try:
            async with self._resources() as resource:
                opened.set_result(resource)
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.Event().wait()
        except Exception as exc:
            if opened.done():
                raise
            self._opened = None
            opened.set_exception(exc)
        finally:
            opened.cancel()

    async def _release(self) -> None:
        """Cancel running coroutines, and then close the resource, or end its opening."""
        running = asyncio.all_tasks() - {asyncio.current_task(), self._holder}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._holder is not None:
            self._holder.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._holder


@contextlib.contextmanager
def open_in_thread(
    resource: Callable[[], contextlib.AbstractAsyncContextManager[Any]],
) -> Iterator[None]:
    """Hold a resource open during the block, on an event loop in a thread."""
    thread = EventLoopThread(resource)
    thread.run(lambda _: asyncio.sleep(0))  # starts it, and opens the resource
    try:
        yield
    finally:
        with contextlib.suppress(TimeoutError):
            thread.close()
