"""Opens aiosqlite connections; if opening fails, joins the connection's thread.

Uses ``Connection._thread`` of aiosqlite 0.22, as SQLAlchemy's dialect does. Without the join, the
thread reports the failure to an event loop that may be closed, and prints a traceback.
``tests/test_connection_check.py`` fails when aiosqlite changes this.
"""

import asyncio
from typing import Any, Final

JOIN_TIMEOUT: Final = 1.0


async def connect(*args: Any, **options: Any) -> Any:
    """Connect as aiosqlite does; after a failure, wait up to a second for the thread to end."""
    import aiosqlite

    connection: Any = aiosqlite.connect(*args, **options)
    connection._thread.daemon = True  # noqa: SLF001  # as SQLAlchemy does
    try:
        return await connection
    except BaseException:
        await asyncio.to_thread(connection._thread.join, JOIN_TIMEOUT)  # noqa: SLF001
        raise
