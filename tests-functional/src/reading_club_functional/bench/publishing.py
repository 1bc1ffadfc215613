"""Peers that have no outbox: they publish to the queues of our subscribers, with confirms."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

import aio_pika
from celery import Celery
from messagebus import AsyncAbstractEventstreamTransport

from reading_club.adapters.eventstream.topology import EXCHANGE

TYPE = "book_registered_v1"
IN_FLIGHT = 100


def envelopes(number: int) -> Iterator[dict[str, str]]:
    """Yield events as they are on the wire, the same ones each time."""
    for each in range(number):
        book = {"id": str(UUID(int=number + each)), "isbn": str(9_780_000_000_000 + each)}
        content = {**book, "title": "Domain-Driven Design", "author": "Eric Evans"}
        yield {
            "id": str(UUID(int=each)),
            "created_at": "2026-01-01T00:00:00.000000+00:00",
            "type": TYPE,
            "payload": json.dumps(content),
        }


class CookbookTransport(AsyncAbstractEventstreamTransport):
    """Sends a task for each event, as the cookbook does, but not in the way of the loop.

    ``confirm_publish`` is the setting that lets Celery wait for the broker.
    """

    def __init__(self, broker_url: str) -> None:
        self.app = Celery(
            broker=broker_url,
            broker_transport_options={"confirm_publish": True},
            set_as_current=False,
        )

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Return when the broker has confirmed it."""
        send = partial(
            self.app.send_task,
            "send_message",
            kwargs={"message": message},
            exchange=EXCHANGE.name,
            routing_key=message["type"],
            ignore_result=True,
        )
        await asyncio.get_running_loop().run_in_executor(None, send)


def cookbook(broker_url: str, number: int) -> float:
    """Return the seconds of one event after the other, as ``publish_eventstream`` sends them."""
    transport = CookbookTransport(broker_url)
    events = list(envelopes(number))

    async def send() -> float:
        start = perf_counter()
        for event in events:
            await transport.send_message_serialized(event)
        return perf_counter() - start

    try:
        return asyncio.run(send())
    finally:
        transport.app.close()


def aiopika(broker_url: str, number: int) -> float:
    """Return the seconds of aio-pika with confirms, a hundred in flight, of bodies at hand.

    As its documentation shows: a robust connection, a channel with ``publisher_confirms``, and
    persistent messages.
    """
    return asyncio.run(
        _aiopika(broker_url, [json.dumps(each).encode() for each in envelopes(number)])
    )


async def _aiopika(broker_url: str, bodies: list[bytes]) -> float:
    todo = iter(bodies)
    async with await aio_pika.connect_robust(broker_url) as connection:
        channel = await connection.channel(publisher_confirms=True)
        exchange = await channel.get_exchange(EXCHANGE.name, ensure=False)

        async def publish() -> None:
            for body in todo:
                message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
                await exchange.publish(message, TYPE)

        start = perf_counter()
        await asyncio.gather(*(publish() for _ in range(IN_FLIGHT)))
        return perf_counter() - start
