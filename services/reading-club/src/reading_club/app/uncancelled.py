"""Work that a cancellation does not interrupt, such as a query.

A query that is cancelled costs its connection: SQLAlchemy closes it in a task of its own, which
on SQLite may wait for ever for a thread that has ended, and then keeps the process from ending.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

TResult = TypeVar("TResult")


async def uncancelled(work: Coroutine[Any, Any, TResult]) -> TResult:
    """Return the result of the work. A cancellation meanwhile is raised when the work has ended."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # it is known now, and not told as forgotten
        raise
