"""A worker's event loop that tells whether its handlers end."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from reading_club.adapters.eventstream.worker.watched_loop import WatchedEventLoopThread
from reading_club.eventstream.errors import StorageUnavailable
from reading_club.eventstream.liveness import EVENT_LOOP, Liveness
from reading_club.testing.clock import ManualClock

WITHIN = 60.0


@asynccontextmanager
async def opened() -> AsyncIterator[str]:
    """Open a resource that is a text."""
    yield "a resource"


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock()


@pytest.fixture
def liveness(clock: ManualClock) -> Liveness:
    """The liveness of a worker whose parts have a minute."""
    return Liveness(WITHIN, clock.seconds)


@pytest.fixture
def loop(liveness: Liveness) -> Iterator[WatchedEventLoopThread[str]]:
    """A loop that is watched."""
    loop = WatchedEventLoopThread(opened, liveness)
    yield loop
    loop.close()


def test_a_worker_whose_handler_hangs_is_not_alive(
    loop: WatchedEventLoopThread[str], liveness: Liveness, clock: ManualClock
) -> None:
    """It is named although the loop goes on with other handlers, until the handler ends."""
    began, end = threading.Event(), threading.Event()

    async def hang(_: str) -> None:
        began.set()
        await asyncio.to_thread(end.wait, 10)

    with ThreadPoolExecutor(1) as pool:
        handling = pool.submit(loop.run, hang)
        assert began.wait(10)
        alive_before = liveness.alive()
        clock.advance(WITHIN + 1)
        loop.run(lambda _: asyncio.sleep(0))
        liveness.progress(EVENT_LOOP)  # as the loop's own task does within a second
        stalled = liveness.stalled()
        end.set()
        handling.result(10)

    assert alive_before
    assert stalled == "the handling of events makes no progress, 1 s beyond its time"
    assert liveness.alive()


def test_a_loop_that_is_blocked_is_not_alive(
    loop: WatchedEventLoopThread[str], liveness: Liveness, clock: ManualClock
) -> None:
    """The loop has to turn also while nothing is handled; once it is closed it has not."""
    loop.run(lambda _: asyncio.sleep(0))
    clock.advance(WITHIN + 1)
    stalled = liveness.stalled()

    loop.close()

    assert stalled is not None
    assert stalled.startswith(EVENT_LOOP)
    assert liveness.alive()


def test_an_outage_of_the_database_is_no_hang(
    loop: WatchedEventLoopThread[str], liveness: Liveness, clock: ManualClock
) -> None:
    """Each attempt ends, and a message that is held between two attempts is no work that hangs."""

    async def fail(_: str) -> None:
        raise StorageUnavailable("the database is away")

    for _ in range(10):
        with pytest.raises(StorageUnavailable):
            loop.run(fail)
        clock.advance(WITHIN + 1)
        liveness.progress(EVENT_LOOP)
        assert liveness.alive()
