"""The web process: uvicorn, with the application and a heartbeat."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from reading_club.app._uvicorn import BoundedProtocol
from reading_club.app.bootstrap.database import open_heartbeats
from reading_club.app.bootstrap.web import open_application
from reading_club.app.heartbeat import beating, this_process
from reading_club.app.keep_alive import keeping_alive
from reading_club.app.metrics.server import metrics_of
from reading_club.app.processes.startup import when_available
from reading_club.app.settings import Settings
from reading_club.app.supervision.child import report_ready
from reading_club.app.tracing import tracing
from reading_club.app.web.application import create_app
from reading_club.app.web.policy import WebPolicy
from reading_club.app.wiring import require_wiring
from reading_club.eventstream.liveness import Liveness, ticking
from reading_club.eventstream.startup import stop_on_signals

SHUTDOWN = 5
"""Seconds for open requests to finish at shutdown."""


class Server(uvicorn.Server):
    """A uvicorn server that reports when it listens, and ends once ``stopping`` is set.

    The event may be set at any time, also before the server starts. ``end_streams`` is called
    then: uvicorn waits for open responses, and those of streams have no end of their own.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        stopping: asyncio.Event,
        end_streams: Callable[[], object] = int,
    ) -> None:
        super().__init__(config)
        self._stopping, self._end_streams = stopping, end_streams

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
        self._end_streams()
        self.should_exit = True


def policy_of(settings: Settings) -> WebPolicy:
    """Return how the web process is reached."""
    return WebPolicy(settings.origin, settings.trusted_proxies, settings.host)


def configuration(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    """Return the configuration of uvicorn.

    Proxy headers are believed from trusted proxies alone, whatever FORWARDED_ALLOW_IPS says. No
    access log is written: it would have the tokens of links.
    """
    return uvicorn.Config(
        app,
        host=settings.host,
        port=8000 if settings.port is None else settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=SHUTDOWN,
        http=BoundedProtocol,
        ws="none",
    )


async def serve(settings: Settings, *, open_until_claimed: bool = False) -> None:
    """Serve HTTP until SIGINT or SIGTERM; at the start, wait for an unavailable database.

    ``open_until_claimed`` lets anybody write while the club has no organiser. Raises
    ConfigurationError for a wrong setting, or a schema that this release cannot use, and
    WiringError.
    """
    require_wiring()
    async with AsyncExitStack() as stack:
        stack.enter_context(tracing(settings, "web"))
        liveness = Liveness(settings.stalled_after)
        stack.enter_context(keeping_alive(liveness))
        await stack.enter_async_context(ticking(liveness))
        stopping = stop_on_signals()
        metrics = stack.enter_context(metrics_of(settings, "web"))
        opening = partial(
            open_application, settings, open_until_claimed=open_until_claimed, metrics=metrics
        )
        application = await when_available(lambda: stack.enter_async_context(opening()), stopping)
        if application is not None:
            process, heartbeats = this_process("web"), open_heartbeats(settings)
            await stack.enter_async_context(beating(heartbeats, process, alive=liveness.alive))
            app = create_app(
                application, policy_of(settings), most_streams=settings.activity_streams
            )
            end_streams = app.state.activity_streams.close_all
            await Server(configuration(settings, app), stopping, end_streams).serve()
