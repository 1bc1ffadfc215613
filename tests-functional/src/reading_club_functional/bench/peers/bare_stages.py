"""aio-pika and asyncpg alone as a peer of an event's stages: ``python -m …bare_stages URLS``.

Commands are the statements of the peer ``asyncpg``. The event goes over an asyncio.Queue to a task
that publishes it and waits for the confirm, so that the caller never waits for the broker, as in
the club. The consumer, a process of its own, inserts inbox row and effect in one transaction, and
acknowledges. Messages are persistent, and consumed from the club's quorum queue.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import aio_pika
import asyncpg as driver

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_name
from reading_club.domain.messages import RegisterBook
from reading_club_functional.bench.peers import asyncpg
from reading_club_functional.bench.stage_times import StageTimes, print_consumed

MODULE: Final = "reading_club_functional.bench.peers.bare_stages"
PREFETCH: Final = 100
TYPE: Final = "book_registered_v1"
RECEIVE: Final = """\
INSERT INTO inbox (subscriber, message_id, received_at)
VALUES ('activity', $1, clock_timestamp()) ON CONFLICT DO NOTHING"""
RECORD: Final = """\
INSERT INTO activity (id, type, occurred_at, payload) VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO NOTHING"""

Handle = Callable[[RegisterBook], Awaitable[object]]


@asynccontextmanager
async def opened(database_url: str, broker_url: str, times: StageTimes) -> AsyncIterator[Handle]:
    """Yield a function that registers a book, and lets its event be published."""
    outgoing: asyncio.Queue[asyncpg.Stored] = asyncio.Queue()
    async with (
        asyncpg.opened(database_url, 1) as register,
        await aio_pika.connect_robust(broker_url) as connection,
    ):
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EXCHANGE.name, ensure=False)

        async def handle(command: RegisterBook) -> None:
            event = await register(command)
            times.add("committed", str(event.id), time.monotonic())
            outgoing.put_nowait(event)

        async def publish() -> None:
            while True:
                event = await outgoing.get()
                begin = time.monotonic()
                await exchange.publish(_message(event), TYPE)
                times.add("confirmed", str(event.id), time.monotonic())
                times.add("handed_over", str(event.id), begin)

        publishing = asyncio.create_task(publish())
        try:
            yield handle
        finally:
            publishing.cancel()


def _message(event: asyncpg.Stored) -> aio_pika.Message:
    envelope = {
        "id": str(event.id),
        "created_at": event.created_at.isoformat(),
        "type": TYPE,
        "payload": event.payload,
    }
    return aio_pika.Message(json.dumps(envelope).encode(), delivery_mode=2)


async def consume(database_url: str, broker_url: str) -> None:
    """Consume the queue of the activity log until SIGTERM, and print the times of each event."""
    async with (
        driver.create_pool(database_url.replace("+asyncpg", ""), min_size=1, max_size=1) as pool,
        await aio_pika.connect_robust(broker_url) as connection,
    ):
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(queue_name("activity"), ensure=False)

        async def on_message(message: Any) -> None:
            delivered = time.monotonic()
            envelope = json.loads(message.body)
            await _take_effect(pool, envelope)
            committed = time.monotonic()
            await message.ack()
            print_consumed(envelope["id"], delivered, committed, time.monotonic())

        await queue.consume(on_message)
        print("is ready", flush=True)
        await asyncio.Future()


async def _take_effect(pool: Any, envelope: dict[str, str]) -> None:
    id_, occurred_at = UUID(envelope["id"]), datetime.fromisoformat(envelope["created_at"])
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(RECEIVE, id_)
        await connection.execute(RECORD, id_, TYPE, occurred_at, envelope["payload"])


if __name__ == "__main__":
    asyncio.run(consume(*sys.argv[-2:]))
