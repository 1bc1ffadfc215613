"""Open loop: commands begin at fixed times, whatever their answers take."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from reading_club.domain.messages import RegisterBook

Handle = Callable[[RegisterBook], Awaitable[object]]


async def paced(commands: Sequence[RegisterBook], rate: float, handle: Handle) -> None:
    """Begin these commands at this rate a second, and return when all are answered.

    One that is late begins at once; none is left out.
    """
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number, command in enumerate(commands):
            await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            tasks.create_task(_handled(handle, command))


async def _handled(handle: Handle, command: RegisterBook) -> None:
    await handle(command)
