"""aio-pika as a peer of the relay: it publishes events from memory, with confirms."""

import asyncio
import json
from collections.abc import Sequence
from time import perf_counter

import aio_pika

from reading_club.adapters.eventstream.topology import EXCHANGE
from reading_club_functional.bench.comparison import Envelope

IN_FLIGHT = 100


def publish(broker_url: str, events: Sequence[Envelope]) -> float:
    """Return the seconds to publish the events, which are encoded before, a hundred in flight.

    As in aio-pika's documentation: a robust connection, a channel with ``publisher_confirms``, and
    persistent messages.
    """
    messages = [
        (event["type"], aio_pika.Message(json.dumps(event).encode(), delivery_mode=2))
        for event in events
    ]
    return asyncio.run(_publish(broker_url, messages))


async def _publish(broker_url: str, messages: Sequence[tuple[str, aio_pika.Message]]) -> float:
    remaining = iter(messages)
    async with await aio_pika.connect_robust(broker_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EXCHANGE.name, ensure=False)

        async def publish_remaining() -> None:
            for type_, message in remaining:
                await exchange.publish(message, type_)

        start = perf_counter()
        await asyncio.gather(*(publish_remaining() for _ in range(IN_FLIGHT)))
        return perf_counter() - start
