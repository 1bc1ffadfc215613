"""Start of a process while its database is unavailable; a wrong setting is not waited for."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reading_club.app.bootstrap.database import raise_wrong_setting
from reading_club.eventstream import startup

T = TypeVar("T")


async def when_available(
    work: Callable[[], Coroutine[Any, Any, T]], stopping: asyncio.Event | None = None
) -> T | None:
    """Retry the work as ``startup.when_available`` does.

    Raises ConfigurationError if a wrong setting is the cause of a failure.
    """
    return await startup.when_available(work, stopping, raise_permanent=raise_wrong_setting)
