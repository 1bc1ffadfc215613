"""The web process: uvicorn, with the application and a heartbeat."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import uvicorn
from fastapi import FastAPI

from reading_club.app._uvicorn import BoundedProtocol
from reading_club.app.composition import open_club
from reading_club.app.embedded.process import report_ready
from reading_club.app.heartbeat import beating
from reading_club.app.settings import Settings
from reading_club.app.waiting import stop_signals, when_available
from reading_club.app.web.application import create_app

SHUTDOWN = 5
"""Seconds for open requests to finish at shutdown."""


class Server(uvicorn.Server):
    """A uvicorn server that reports when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then report that the process is ready."""
        await super().startup(sockets)
        if self.started:
            report_ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Shut down on SIGINT or SIGTERM, without uvicorn's re-raising of the signal afterwards.

        Closing the application still sends committed events.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def serve(settings: Settings) -> None:
    """Serve HTTP until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    Raises ConfigurationError for a wrong setting, or a schema that this release cannot use.
    """
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(stop_signals())
        club = await when_available(
            lambda: stack.enter_async_context(open_club(settings)), stopping
        )
        if club is not None and not stopping.is_set():
            await stack.enter_async_context(beating(settings, club.process))
            await Server(_config(settings, create_app(club))).serve()


def _config(settings: Settings, app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.host,
        port=8000 if settings.port is None else settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN,
        http=BoundedProtocol,
        ws="none",
    )
