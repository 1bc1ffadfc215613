"""A hanging or unavailable broker: time, threads and backlog of a transport are bounded."""

import asyncio
import socket
import threading
import traceback
from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from kombu import pools

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.service.projections import SUBSCRIBERS

MESSAGE = {"id": "1", "created_at": "now", "type": "book_registered_v1", "payload": "{}"}
SECRET = "s3cret"


class BlockingSender:
    """A broker that blocks until it is released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.entered = threading.Semaphore(0)
        self.calls = 0

    def send_task(self, *_: Any, **__: Any) -> None:
        """Block until the release."""
        self.calls += 1
        self.entered.release()
        assert self.release.wait(30)


@pytest.fixture
def blocking() -> Iterator[BlockingSender]:
    """A broker that blocks, and is released after the test."""
    blocking = BlockingSender()
    yield blocking
    blocking.release.set()


def a_socket(*, listening: bool) -> socket.socket:
    """Return a bound socket: silent if ``listening``, else it refuses connections."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    if listening:
        silent.listen()
    return silent


async def failure_of(transport: EventstreamTransport) -> tuple[EventstreamUnavailable, float]:
    """Return the error of one publication, and its duration in seconds."""
    start = monotonic()
    with pytest.raises(EventstreamUnavailable) as caught:
        await transport.send_message_serialized(MESSAGE)
    return caught.value, monotonic() - start


async def test_a_publication_that_blocks_fails_at_its_deadline(blocking: BlockingSender) -> None:
    """A publication fails at its deadline while its thread still blocks."""
    transport = EventstreamTransport(blocking, timeout=0.05)

    failure, seconds = await failure_of(transport)

    assert isinstance(failure.__cause__, TimeoutError)
    assert seconds < 1


async def test_threads_and_backlog_are_bounded(blocking: BlockingSender) -> None:
    """While all threads block, waiting calls fail at the deadline and the surplus at once."""
    transport = EventstreamTransport(blocking, timeout=0.05, threads=2, backlog=3)
    before = threading.active_count()

    failures = [failure_of(transport) for _ in range(20)]
    failures_and_times = await asyncio.gather(*failures)

    assert all(seconds < 1 for _, seconds in failures_and_times)
    assert any("too many" in str(failure) for failure, _ in failures_and_times)
    assert blocking.calls <= 2
    assert threading.active_count() <= before + 2


async def test_the_transport_recovers_with_its_broker(blocking: BlockingSender) -> None:
    """After an outage new messages are sent; those that timed out while waiting are not."""
    transport = EventstreamTransport(blocking, timeout=0.05, threads=1, backlog=3)
    for _ in range(3):
        await failure_of(transport)
    assert blocking.calls == 1

    blocking.release.set()
    transport.timeout = 5.0
    await transport.send_message_serialized(MESSAGE)

    assert blocking.calls == 2


async def test_a_caller_that_gives_up_is_not_held(blocking: BlockingSender) -> None:
    """Cancelling the caller ends its wait at once."""
    transport = EventstreamTransport(blocking)
    task = asyncio.create_task(transport.send_message_serialized(MESSAGE))
    await asyncio.to_thread(blocking.entered.acquire)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_closing_a_transport_waits_for_messages_being_sent(blocking: BlockingSender) -> None:
    """On close a message being sent is sent; waiting calls raise EventstreamUnavailable."""
    transport = EventstreamTransport(blocking, threads=1)
    sending = asyncio.create_task(transport.send_message_serialized(MESSAGE))
    await asyncio.to_thread(blocking.entered.acquire)
    waiting = asyncio.create_task(transport.send_message_serialized(MESSAGE))
    await asyncio.sleep(0)  # the task submits its message

    closing = asyncio.create_task(asyncio.to_thread(transport.close))
    with pytest.raises(EventstreamUnavailable, match="closed"):
        await waiting
    blocking.release.set()

    await closing
    await sending
    assert blocking.calls == 1


async def test_closing_a_transport_is_bounded(blocking: BlockingSender) -> None:
    """With a blocked broker, close returns after the timeout."""
    transport = EventstreamTransport(blocking, timeout=0.05)
    await failure_of(transport)

    start = monotonic()
    transport.close()

    assert monotonic() - start < 1


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
async def test_a_refused_connection_fails_at_once(scheme: str) -> None:
    """On a closed port the publication fails at once, and the error hides the password."""
    with a_socket(listening=False) as closed:
        url = f"{scheme}://club:{SECRET}@127.0.0.1:{closed.getsockname()[1]}//"
        url = url if scheme == "amqp" else url.rstrip("/") + "/0"
        transport = EventstreamTransport(publisher_app(url, SUBSCRIBERS))
        failure, seconds = await failure_of(transport)
        transport.close()

    assert seconds < 5
    assert failure.__cause__ is not None
    assert SECRET not in "".join(traceback.format_exception(failure))


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
async def test_a_publication_to_a_silent_port_fails_in_time(scheme: str) -> None:
    """On a silent port the publication fails in time, and the error hides the password."""
    with a_socket(listening=True) as silent:
        port = silent.getsockname()[1]
        app = publisher_app(f"{scheme}://club:{SECRET}@127.0.0.1:{port}/0", SUBSCRIBERS)
        app.conf.broker_connection_timeout = 0.05
        app.conf.broker_transport_options |= {"socket_timeout": 0.05} if scheme == "redis" else {}
        transport = EventstreamTransport(app, timeout=0.1)
        failure, seconds = await failure_of(transport)
        await asyncio.to_thread(transport.close)
    pools.reset()

    assert seconds < 1
    assert SECRET not in "".join(traceback.format_exception(failure))
