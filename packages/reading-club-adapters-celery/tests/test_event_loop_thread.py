"""One event loop and one resource for all tasks of a process."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread


class Resource:
    """Counts how often it is opened and closed; ``error`` is raised on opening."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.error: Exception | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Resource"]:
        """Open and close the resource."""
        if self.error is not None:
            raise self.error
        self.opened += 1
        yield self
        self.closed += 1


@pytest.fixture
def resource() -> Resource:
    """A resource that is closed."""
    return Resource()


@pytest.fixture
def loop(resource: Resource) -> Iterator[EventLoopThread[Resource]]:
    """A loop that is not started."""
    loop = EventLoopThread(resource.open)
    yield loop
    loop.close()


async def whereabouts(_: Resource) -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
    """Return the running loop and the thread."""
    return asyncio.get_running_loop(), threading.current_thread()


def test_two_tasks_share_the_loop_and_the_resource(
    loop: EventLoopThread[Resource], resource: Resource
) -> None:
    """Tasks from several threads at the same time share the loop and the resource."""
    with ThreadPoolExecutor(8) as pool:
        places = set(pool.map(lambda _: loop.run(whereabouts), range(32)))

    assert len(places) == 1
    assert resource.opened == 1


def test_tasks_run_at_the_same_time(loop: EventLoopThread[Resource]) -> None:
    """A waiting task does not delay another one."""
    met = asyncio.Barrier(2)

    async def meet(_: Resource) -> None:
        await asyncio.wait_for(met.wait(), 10)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: loop.run(meet), range(2))) == [None, None]


def test_nothing_is_opened_before_the_first_task(
    loop: EventLoopThread[Resource], resource: Resource
) -> None:
    """Without a task there is no thread and no open resource, and close is allowed."""
    before = threading.active_count()

    loop.close()

    assert threading.active_count() == before
    assert resource.opened == 0


def test_errors_of_a_coroutine_reach_the_caller(loop: EventLoopThread[Resource]) -> None:
    """An error of the coroutine is raised to the caller."""

    async def fail(_: Resource) -> None:
        raise KeyError("oops")

    with pytest.raises(KeyError, match="oops"):
        loop.run(fail)


def test_opening_the_resource_is_tried_again(
    loop: EventLoopThread[Resource], resource: Resource
) -> None:
    """A resource that failed to open is opened by a later call."""
    resource.error = ConnectionError("away")
    for _ in range(2):
        with pytest.raises(ConnectionError):
            loop.run(whereabouts)

    resource.error = None
    loop.run(whereabouts)

    assert resource.opened == 1


def test_closing_the_loop_closes_its_resource(resource: Resource) -> None:
    """Closing ends the resource, loop and thread; a later task starts new ones."""
    loop = EventLoopThread(resource.open)
    first, thread = loop.run(whereabouts)

    loop.close()
    loop.close()

    assert (resource.opened, resource.closed) == (1, 1)
    assert first.is_closed()
    assert not thread.is_alive()
    second, _ = loop.run(whereabouts)
    assert second is not first
    loop.close()


def test_closing_the_loop_does_not_wait_for_a_resource_that_never_opens() -> None:
    """Closing cancels a resource that hangs while it opens."""
    opening = threading.Event()

    @asynccontextmanager
    async def hang() -> AsyncIterator[None]:
        opening.set()
        await asyncio.get_running_loop().create_future()
        yield

    async def nothing(_: None) -> None: ...

    loop = EventLoopThread(hang)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(loop.run, nothing)
        assert opening.wait(10)
        loop.close()
        with pytest.raises(CancelledError):
            waiting.result(10)


def test_closing_the_loop_cancels_running_coroutines(
    loop: EventLoopThread[Resource], resource: Resource
) -> None:
    """Closing cancels a running task, and then closes the resource."""
    running = threading.Event()

    async def hang(_: Resource) -> None:
        running.set()
        await asyncio.get_running_loop().create_future()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(loop.run, hang)
        assert running.wait(10)
        loop.close()
        with pytest.raises(CancelledError):
            waiting.result(10)
    assert resource.closed == 1
