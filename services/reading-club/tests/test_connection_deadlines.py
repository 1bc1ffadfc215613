"""A connection whose client does not send or read in time is closed."""

from typing import Any

from starlette.responses import Response

from reading_club.app._uvicorn import BODY_DEADLINE, HEAD_DEADLINE, READ_DEADLINE, BoundedProtocol
from reading_club.app.testing import GET, POST, Visitors

KEEP_ALIVE = 5.0


async def test_a_head_has_a_deadline(visitors: Visitors) -> None:
    """What is sent byte by byte is answered with 408 in time, and closed."""
    wire = await visitors.come(GET[:4])

    await visitors.loop.pass_time(HEAD_DEADLINE / 2)
    await visitors.say(wire, GET[4:8])
    before = wire.aborted
    await visitors.loop.pass_time(HEAD_DEADLINE / 2)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in wire.received


async def test_a_silent_connection_is_closed_without_a_word(visitors: Visitors) -> None:
    """Browsers open connections in advance, and expect no answer on them."""
    wire = await visitors.come()

    await visitors.loop.pass_time(HEAD_DEADLINE)

    assert (wire.aborted, bytes(wire.received)) == (True, b"")


async def test_a_body_has_a_deadline(visitors: Visitors) -> None:
    """A request whose body does not come is answered with 408, and its application goes on."""
    wire = await visitors.come(POST + b"12")

    await visitors.loop.pass_time(HEAD_DEADLINE)
    before = wire.aborted
    await visitors.loop.pass_time(BODY_DEADLINE - HEAD_DEADLINE)

    assert (before, wire.aborted) == (False, True)
    assert wire.received.startswith(b"HTTP/1.1 408 ")
    assert visitors.state.tasks == set()


async def test_a_whole_request_is_answered(visitors: Visitors) -> None:
    """A body that comes in time meets no deadline."""
    wire = await visitors.come(POST)

    await visitors.loop.pass_time(BODY_DEADLINE - 1)
    await visitors.say(wire, b"1234")
    await visitors.loop.pass_time(1)

    assert wire.received.startswith(b"HTTP/1.1 200 ")
    assert wire.received.count(b"HTTP/1.1") == 1
    assert not wire.aborted


async def test_the_next_request_has_a_deadline_of_its_own(visitors: Visitors) -> None:
    """A connection may live long, but each head has to come in time."""
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
    """A body that was answered before it came whole gets no 408; its connection ends in time."""

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
    """An idle connection whose client does not read does not stay half closed for ever."""
    wire = await visitors.come(GET)
    wire.reads = False

    await visitors.loop.pass_time(KEEP_ALIVE)
    closing = (wire.is_closing(), wire.aborted)
    await visitors.loop.pass_time(READ_DEADLINE)

    assert closing == (True, False)
    assert wire.aborted


async def test_an_answer_that_is_not_read_has_a_deadline(visitors: Visitors) -> None:
    """A client that reads goes on, one that does not is closed."""
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
    """The configuration takes the class, and no other one for WebSockets."""
    config = visitors.config
    config.load()

    assert issubclass(config.http_protocol_class, BoundedProtocol)
    assert config.ws_protocol_class is None
