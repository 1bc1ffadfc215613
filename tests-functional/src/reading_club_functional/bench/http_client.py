"""A minimal HTTP client of the web process, so that the client costs little of the measure."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from reading_club.domain.messages import RegisterBook

LENGTH = b"content-length: "
CREATED = b"HTTP/1.1 201 "


@asynccontextmanager
async def opened(
    port: int, connections: int, token: str
) -> AsyncIterator[Callable[[RegisterBook], Awaitable[None]]]:
    """Yield a function that posts a book on one of the kept-alive connections, as a member.

    The connections are asyncio streams; only status and length of an answer are parsed.
    Raises AssertionError for an answer that is not 201.
    """
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    free = asyncio.LifoQueue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection("127.0.0.1", port))

    async def post(command: RegisterBook) -> None:
        reader, writer = connection = await free.get()
        if reader.at_eof():  # the server closes what was idle for seconds
            writer.close()
            reader, writer = connection = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_request(command, token))
        await _read_answer(reader)
        free.put_nowait(connection)

    try:
        yield post
    finally:
        while not free.empty():
            free.get_nowait()[1].close()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    _, _, rest = head.lower().partition(LENGTH)
    await reader.readexactly(int(rest[: rest.index(b"\r")]))
    assert head.startswith(CREATED), head


def _request(command: RegisterBook, token: str) -> bytes:
    book = {
        "title": command.title,
        "author": command.author,
        "isbn": command.isbn and command.isbn.canonical,
    }
    body = json.dumps({"id": str(command.id), **book}).encode()
    head = (
        f"POST /api/books HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
