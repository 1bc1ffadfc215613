"""The web process: uvicorn, with the application and a heartbeat."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn

from reading_club.app._uvicorn import BoundedProtocol
from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.bootstrap.web import open_application
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.processes.startup import stop_on_signals, when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.app.web.application import create_app

SHUTDOWN = 5
"""Seconds for open requests to finish at shutdown."""


class Server(uvicorn.Server):
    """A uvicorn server that reports when it listens, and ends once ``stopping`` is set.

    The event may be set at any time, also before the server starts.
    """

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then report that the process is ready."""
        await super().startup(sockets)
        if self.started:
            report_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: uvicorn's own handlers would replace those that set the event.

        Closing the application still sends committed events.
        """
        task = asyncio.get_running_loop().create_task(self._exit_when_stopping())
        try:
            yield
        finally:
            task.cancel()

    async def _exit_when_stopping(self) -> None:
        await self._stopping.wait()
        self.should_exit = True


async def serve(settings: Settings) -> None:
    """Serve HTTP until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError for a wrong setting, or a schema that this release cannot use.
    """
    async with AsyncExitStack() as stack:
        stopping = stop_on_signals()
        application = await when_available(
            lambda: stack.enter_async_context(open_application(settings)), stopping
        )
        if application is not None:
            beats = beating(open_heartbeats(settings), this_process("web"))
            await stack.enter_async_context(beats)
            config = uvicorn.Config(
                create_app(application),
                host=settings.host,
                port=8000 if settings.port is None else settings.port,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN,
                http=BoundedProtocol,
                ws="none",
            )
            await Server(config, stopping).serve()
