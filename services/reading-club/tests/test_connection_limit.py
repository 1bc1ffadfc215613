"""The limit of connections: above it, the connection idle longest is closed."""

import pytest

from reading_club.app import _uvicorn
from reading_club.app._uvicorn import BODY_DEADLINE, HEAD_DEADLINE, connection_limit
from reading_club.app.testing import GET, POST, Visitors


async def test_a_request_that_is_handled_is_not_closed(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that is being handled has no deadline, and keeps its connection above the limit."""
    monkeypatch.setattr(_uvicorn, "MOST_CONNECTIONS", 1)
    visitors.may_answer.clear()
    wire = await visitors.come(GET)

    await visitors.loop.pass_time(HEAD_DEADLINE + BODY_DEADLINE)
    other = await visitors.come()
    visitors.may_answer.set()
    await visitors.loop.pass_time(0)

    assert wire.received.startswith(b"HTTP/1.1 200 ")
    assert other.aborted


async def test_the_oldest_silent_connection_makes_room(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new connection above the limit closes the oldest idle one; busy and new ones stay."""
    monkeypatch.setattr(_uvicorn, "MOST_CONNECTIONS", 3)
    visitors.may_answer.clear()
    busy = await visitors.come(GET)
    await visitors.loop.pass_time(1)
    silent = await visitors.come()
    await visitors.loop.pass_time(1)
    slow = await visitors.come(POST)
    await visitors.loop.pass_time(1)

    fourth, fifth = await visitors.come(), await visitors.come()

    assert (busy.aborted, silent.aborted, slow.aborted) == (False, True, True)
    assert (fourth.aborted, fifth.aborted) == (False, False)
    assert len(visitors.state.connections) == 3


def test_some_files_are_left_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is three quarters of the file descriptors, at most 768."""
    for files, most in ((256, 192), (1024, 768), (20_000, 768), (-1, 768)):
        monkeypatch.setattr("resource.getrlimit", lambda _, n=files: (n, n))
        assert connection_limit() == most
