"""The timeout of a health check, and its error as text for a report."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from reading_club.eventstream.errors import StorageBusy, TransientFailure

T = TypeVar("T")

TIMEOUT: Final = 2.0
"""Seconds for each check, unless the caller says otherwise."""


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the coroutine. Raises TimeoutError after ``seconds``.

    At the timeout the coroutine is cancelled, and its end is not awaited: a call that blocks in a
    thread may go on.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(_retrieve)
    try:
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            raise TimeoutError(f"no answer within {seconds:g} s")
        return task.result()
    finally:
        task.cancel()


def finding(exc: BaseException) -> str:
    """Return the error of a health query as text, without a URL or a password."""
    if isinstance(exc, StorageBusy) and "lock" in str(exc):
        return f"locked: {exc}"
    if isinstance(exc, TransientFailure | TimeoutError) and str(exc):
        return str(exc)
    return f"not readable ({type(exc).__name__})"


def _retrieve(task: "asyncio.Task[Any]") -> None:
    """Retrieve the error of an abandoned task, so that asyncio does not log it as unretrieved."""
    if not task.cancelled():
        task.exception()
