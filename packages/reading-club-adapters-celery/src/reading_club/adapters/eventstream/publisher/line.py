"""What every connection to a broker does for the publisher."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Final

from kombu import Connection

from reading_club.adapters.eventstream.config import EventRoute
from reading_club.adapters.eventstream.publisher.letters import Letter
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.topology import EXCHANGE

NO_QUEUE: Final = "no queue takes it"


class Line(ABC):
    """A connection, in one process and one thread. After an error it is dropped."""

    def __init__(self, connection: Connection, route: EventRoute) -> None:
        self.connection: Any = connection  # the stubs know little of it
        self.route = route

    def connect(self) -> None:
        """Connect, trying each broker of a cluster once. Raises what kombu raises."""
        alternatives = max(0, len(self.connection.alt) - 1)
        self.connection.ensure_connection(max_retries=alternatives, interval_start=0)

    @abstractmethod
    def send(self, letters: Sequence[Letter], outcome: Outcome) -> None:
        """Send letters in their order, and tell the outcome of each when it is known.

        Raises whatever tells that the broker is away, slow or full.
        """

    @abstractmethod
    def cut(self) -> None:
        """Let whoever waits for the broker fail at once. Any thread may do it."""

    def drop(self) -> None:
        """Give the connection up without a word to the broker, which may not listen."""
        self.cut()
        with contextlib.suppress(Exception):  # it is given up, whatever state it is in
            self.connection.collect()

    def _declare(self, channel: Any) -> None:
        """Declare whatever the known subscribers hear from. It is all there, or this raises."""
        for entity in self._entities():
            entity(channel).declare()

    def _entities(self) -> Iterable[Any]:
        return [EXCHANGE, *self.route.queues]
