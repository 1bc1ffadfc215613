"""Work that a cancellation does not interrupt."""

import asyncio

import pytest

from reading_club.app.uncancelled import uncancelled


async def test_the_result_is_returned() -> None:
    """Without a cancellation it is the work's own, or its exception."""

    async def work() -> int:
        await asyncio.sleep(0)
        return 1

    async def failing() -> int:
        raise KeyError("no")

    assert await uncancelled(work()) == 1
    with pytest.raises(KeyError):
        await uncancelled(failing())


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancellation_waits_for_the_end(*, fails: bool) -> None:
    """Also a second one; whether the work succeeds or fails, the cancellation is raised."""
    begun, may_end, ended = asyncio.Event(), asyncio.Event(), list[bool]()

    async def work() -> None:
        begun.set()
        await may_end.wait()
        ended.append(fails)
        if fails:
            raise KeyError("no")

    waiting = asyncio.create_task(uncancelled(work()))
    await begun.wait()
    for _ in range(2):
        waiting.cancel()
        await asyncio.sleep(0)
    assert not waiting.done()

    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting

    assert ended == [fails]
