"""What has arrived on the broker, and whether it is what was sent."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from kombu import Connection

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_for, queue_name
from reading_club.service.projections import SUBSCRIBERS

PATIENCE = 10.0
"""Seconds to wait for a message that should be there."""
SILENCE = 0.2
"""Seconds without a message after which none is expected any more."""


class Arrivals:
    """The queues of the club's subscribers, on a broker of their own."""

    def __init__(self, broker_url: str) -> None:
        self._url = broker_url

    def empty(self) -> None:
        """Declare the queues as the club does, and take away what is in them."""
        with self._channel() as channel:
            EXCHANGE(channel).declare()
            for queue in map(queue_for, SUBSCRIBERS):
                queue(channel).declare()
                queue(channel).purge()

    def require_once(self, ids: Collection[str]) -> None:
        """Take everything, and raise unless each queue held each of these events once."""
        for subscriber in SUBSCRIBERS:
            with self._channel() as channel:
                arrived = Counter(_taken(channel, queue_name(subscriber.name), len(ids)))
            expected = Counter(ids)
            assert arrived == expected, (
                f"{subscriber.name}: {(expected - arrived).total()} events are missing, "
                f"{(arrived - expected).total()} are too many"
            )

    @contextmanager
    def _channel(self) -> Iterator[Any]:
        with Connection(self._url, connect_timeout=PATIENCE) as connection:
            yield connection.channel()


def _taken(channel: Any, queue: str, expected: int) -> list[str]:
    """Return the event ids in a queue; wait PATIENCE s for `expected`, then SILENCE s for more."""
    bodies: list[Any] = []
    channel.basic_consume(queue, no_ack=True, callback=lambda message: bodies.append(message.body))
    try:
        while True:
            patience = PATIENCE if len(bodies) < expected else SILENCE
            channel.connection.client.drain_events(timeout=patience)
    except TimeoutError:
        return [_id(body) for body in bodies]


def _id(body: str | bytes) -> str:
    """Return the id of an event, in one of Celery's messages or by itself."""
    content = json.loads(body)
    envelope = content[1]["message"] if isinstance(content, list) else content
    return str(envelope["id"])
