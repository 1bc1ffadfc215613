"""asyncpg as a peer of the command path: the club's statements without a layer around them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
from lastuuid import uuid7

from reading_club.domain.messages import RegisterBook

BOOK = """\
INSERT INTO books (id, title, author, isbn, search) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING"""
WORDS = """\
INSERT INTO book_words (book_id, word) SELECT $1, unnest($2::varchar[]) ON CONFLICT DO NOTHING"""
MESSAGES = """\
WITH stored AS (
    INSERT INTO messages (id, created_at, type, metadata, payload)
    VALUES ($1, $2, $3, $4, $5), ($6, $7, $8, $9, $10))
INSERT INTO outbox (message_id, subscriber, token, leased_until, attempts)
VALUES ($6, '', $11, clock_timestamp() + interval '600 seconds', 0)"""
TOKEN = uuid4()


class Stored(NamedTuple):
    """The event of a registered book, as it is stored."""

    id: UUID
    created_at: datetime
    payload: str


@asynccontextmanager
async def opened(
    database_url: str, connections: int
) -> AsyncIterator[Callable[[RegisterBook], Awaitable[Stored]]]:
    """Yield a function that registers a book by three prepared statements in a transaction.

    The pool does not reset its connections, since that is a further round trip for each command.
    """
    url = database_url.replace("+asyncpg", "")
    async with asyncpg.create_pool(
        url, min_size=connections, max_size=connections, reset=_no_reset
    ) as pool:

        async def handle(command: RegisterBook) -> Stored:
            isbn, event_id = command.isbn and command.isbn.canonical, uuid7()
            texts = {"title": command.title, "author": command.author}
            book = {"id": str(command.id), "isbn": isbn, **texts}
            search = f"{command.title}\n{command.author}\n{isbn}".casefold()
            done = _message(command.message_id, "register_book", book, published=False)
            event = _message(event_id, "book_registered", book, published=True)
            async with pool.acquire() as connection, connection.transaction():
                row = (command.id, command.title, command.author, isbn, search)
                await connection.execute(BOOK, *row)
                await connection.execute(WORDS, command.id, search.replace("-", " ").split())
                await connection.execute(MESSAGES, *done, *event, TOKEN)
            return Stored(event_id, event[1], event[4])

        yield handle


async def _no_reset(_connection: Any) -> None:
    await asyncio.sleep(0)


def _message(
    id_: UUID, name: str, book: object, *, published: bool
) -> tuple[UUID, datetime, str, str, str]:
    metadata = {"name": name, "schema_version": 1, "published": published}
    payload = json.dumps(book)
    return id_, datetime.now(UTC), f"{name}_v1", json.dumps(metadata), payload
