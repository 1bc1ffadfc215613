"""Gives a subscriber the history, in steps that go on where a killed one ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

STEP: Final = 1000
"""Events that are put into the outbox in one transaction."""
MOST: Final = 2000
"""Events of the subscriber in the outbox: new ones wait until a relay has sent others."""
PAUSE: Final = 0.5
"""Seconds between two looks at a full outbox."""


async def replay(
    make_uow: UnitOfWorkFactory,
    subscriber: str,
    on_step: Callable[[int], None],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Put the rest of a replay that was begun into the outbox; see the port ``Replays``.

    ``on_step`` gets the number of events of each step. Needs a running relay to come to its end.
    Raises StorageUnavailable; another call goes on from there.
    """
    finished = False
    while not finished:
        async with make_uow() as transaction:
            step = await transaction.uow.replays.step(subscriber, limit=STEP, most=MOST)
            await transaction.commit()
        finished = step.finished
        on_step(step.requeued)
        if not finished and not step.requeued:
            await sleep(PAUSE)
