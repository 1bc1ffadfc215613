"""Waiting in a simulated process, in a task of the loop or in a thread with a loop of its own."""

import asyncio

from reading_club_functional.simulation.seeded_loop import SeededLoop
from reading_club_functional.simulation.threads import current_thread, sleep


async def let_pass(loop: SeededLoop) -> None:
    """Let the delay of an operation pass; others take steps meanwhile, even if it is 0."""
    if loop.over:
        return
    seconds = loop.tape.delay()
    if current_thread() is None:
        await asyncio.sleep(seconds)
    else:
        sleep(seconds)


def block(loop: SeededLoop) -> None:
    """Let a delay pass in a thread. In a step of the loop, which is an executor's, do nothing."""
    if current_thread() is not None and not loop.over:
        sleep(loop.tape.delay())
