"""A server that takes TLS off connections, for servers of wheels that are built without it."""

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from typing import Self

from reading_club_functional.servers.ports import LOOPBACK

_SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What PostgreSQL's clients send first, to be answered with S before the handshake."""
_CHUNK = 65_536


class TlsProxy:
    """Forwards to a port of this machine what comes over TLS; ``postgresql`` negotiates first."""

    def __init__(self, context: ssl.SSLContext, target: int, *, postgresql: bool = False) -> None:
        self._context, self._target, self._postgresql = context, target, postgresql
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = 0
        """The port that clients connect to, once the proxy runs."""

    def __enter__(self) -> Self:
        self._thread.start()
        starting = asyncio.start_server(self._serve, LOOPBACK, 0)
        self._server = asyncio.run_coroutine_threadsafe(starting, self._loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        """Stop to listen, cancel what runs, and wait for that."""
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self._postgresql:
                if await reader.readexactly(len(_SSL_REQUEST)) != _SSL_REQUEST:
                    return
                writer.write(b"S")
                await writer.drain()
            await writer.start_tls(self._context)
            inside_reader, inside_writer = await asyncio.open_connection(LOOPBACK, self._target)
            await asyncio.gather(_copy(reader, inside_writer), _copy(inside_reader, writer))
        writer.close()


async def _copy(source: StreamReader, target: StreamWriter) -> None:
    """Copy one way until its end, and close the other side then."""
    try:
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
    finally:
        target.close()
