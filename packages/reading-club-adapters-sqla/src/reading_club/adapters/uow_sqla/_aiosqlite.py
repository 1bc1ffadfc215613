"""Connections of aiosqlite, whose thread has ended when a connection cannot be opened.

Uses ``Connection._thread`` of aiosqlite 0.22, as SQLAlchemy's dialect does. Left alone, the thread
of a connection that failed tells a loop that may be closed by then, and prints a traceback.
``tests/test_configuration.py`` fails when this changes.
"""

import asyncio
from typing import Any, Final

JOIN_TIMEOUT: Final = 1.0


async def connect(*args: Any, **options: Any) -> Any:
    """Connect as aiosqlite does; when that fails, wait for the end of the thread."""
    import aiosqlite

    connection: Any = aiosqlite.connect(*args, **options)
    connection._thread.daemon = True  # noqa: SLF001  # as SQLAlchemy does
    try:
        return await connection
    except BaseException:
        await asyncio.to_thread(connection._thread.join, JOIN_TIMEOUT)  # noqa: SLF001
        raise
