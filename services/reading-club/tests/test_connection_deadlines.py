"""A connection whose client does not send or read in time is closed."""

from typing import Any

from starlette.responses import Response

from reading_club.app._uvicorn import BODY_DEADLINE, HEAD_DEADLINE, READ_DEADLINE, BoundedProtocol
from reading_club.app.testing import GET, POST, Visitors

KEEP_ALIVE = 5.0


async def test_a_head_has_a_deadline(visitors: Visitors) -> None:
    """A head that is incomplete at the deadline gets 408, and the connection is closed."""
    wire = await visitors.come(GET[:4])

    await visitors.loop.pass_time(HEAD_DEADLINE / 2)
    await visitors.say(wire, GET[4:8])
    before = wire.aborted
    await visitors.loop.pass_time(HEAD_DEADLINE / 2)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in wire.received


async def test_a_silent_connection_is_closed_without_a_word(visitors: Visitors) -> None:
    """A connection without a request, as browsers open in advance, is closed without a response."""
    wire = await visitors.come()

    await visitors.loop.pass_time(HEAD_DEADLINE)

    assert (wire.aborted, bytes(wire.received)) == (True, b"")


async def test_a_body_has_a_deadline(visitors: Visitors) -> None:
    """A body that is incomplete at the deadline gets 408, and the application's task ends."""
    wire = await visitors.come(POST + b"12")

    await visitors.loop.pass_time(HEAD_DEADLINE)
    before = wire.aborted
    await visitors.loop.pass_time(BODY_DEADLINE - HEAD_DEADLINE)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert visitors.state.tasks == set()


async def test_a_whole_request_is_answered(visitors: Visitors) -> None:
    """A body that is complete before the deadline gets one 200."""
    wire = await visitors.come(POST)

    await visitors.loop.pass_time(BODY_DEADLINE - 1)
    await visitors.say(wire, b"1234")
    await visitors.loop.pass_time(1)

    assert wire.received.startswith(b"HTTP/1.1 200 ")
    assert wire.received.count(b"HTTP/1.1") == 1
    assert not wire.aborted


async def test_the_next_request_has_a_deadline_of_its_own(visitors: Visitors) -> None:
    """Six requests on one connection each start a new deadline; the seventh misses it."""
    wire = await visitors.come(GET)

    for _ in range(5):
        await visitors.loop.pass_time(KEEP_ALIVE - 1)
        await visitors.say(wire, GET)
    await visitors.say(wire, GET[:9])
    before = wire.aborted
    await visitors.loop.pass_time(HEAD_DEADLINE)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.count(b"HTTP/1.1 200 ") == 6
    assert wire.received.count(b"HTTP/1.1 408 ") == 1


async def test_one_answer_is_enough(visitors: Visitors) -> None:
    """After a response to an incomplete body, the deadline closes the connection without a 408."""

    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await Response(status_code=413)(scope, receive, send)

    visitors.config.app = hasty
    wire = await visitors.come(POST.replace(b"4", b"100"))
    for _ in range(10):
        await visitors.say(wire, b"x")
        await visitors.loop.pass_time(BODY_DEADLINE / 10)

    assert wire.received.count(b"HTTP/1.1") == 1
    assert wire.aborted


async def test_what_is_closed_ends_although_nobody_reads(visitors: Visitors) -> None:
    """A closed connection whose client does not read is aborted after READ_DEADLINE."""
    wire = await visitors.come(GET)
    wire.reads = False

    await visitors.loop.pass_time(KEEP_ALIVE)
    closing = (wire.is_closing(), wire.aborted)
    await visitors.loop.pass_time(READ_DEADLINE)

    assert closing == (True, False)
    assert wire.aborted


async def test_an_answer_that_is_not_read_has_a_deadline(visitors: Visitors) -> None:
    """After READ_DEADLINE a client that reads is still connected, another one is not."""
    slow, stuck = await visitors.come(), await visitors.come()
    for wire in (slow, stuck):
        visitors.may_answer.clear()
        await visitors.say(wire, GET)
        assert wire.protocol is not None
        wire.protocol.pause_writing()
    assert slow.protocol is not None

    slow.protocol.resume_writing()
    await visitors.loop.pass_time(READ_DEADLINE)

    assert (slow.aborted, stuck.aborted) == (False, True)


async def test_uvicorn_serves_with_it(visitors: Visitors) -> None:
    """The configuration of uvicorn uses the class for HTTP, and none for WebSockets."""
    config = visitors.config
    config.load()

    assert issubclass(config.http_protocol_class, BoundedProtocol)
    assert config.ws_protocol_class is None
