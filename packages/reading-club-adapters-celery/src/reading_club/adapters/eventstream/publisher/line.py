"""What every connection to a broker does for the publisher."""

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kombu import Connection

from reading_club.adapters.eventstream.config import EventRoute
from reading_club.adapters.eventstream.declaring import declare
from reading_club.adapters.eventstream.publisher.letters import Letter
from reading_club.adapters.eventstream.publisher.outcome import Outcome

logger = logging.getLogger(__name__)

NO_QUEUE: Final = "no queue takes it"


class Line(ABC):
    """A connection, in one process and one thread. After an error it is dropped."""

    def __init__(self, connection: Connection, route: EventRoute) -> None:
        self.connection: Any = connection  # the stubs know little of it
        self.route = route
        self._refusals: Mapping[str, str] = {}

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

    def _declare(self) -> None:
        """Declare whatever the known subscribers hear from, as far as the broker lets us.

        Raises what tells that the broker is away. A queue that is refused is its subscriber's
        trouble: it is logged, once as long as the reason is the same.
        """
        refusals = declare(self.connection, self.route.queues)
        for name in sorted(refusals):
            if refusals[name] != self._refusals.get(name):
                logger.warning(
                    "a queue is refused", extra={"queue": name, "reason": refusals[name]}
                )
        self._refusals = refusals

    def _refusal_of(self, letter: Letter) -> str | None:
        """Return why a queue that the letter is for was refused, if one was."""
        wanted = {queue for type_, queue in self.route.bindings if type_ == letter.routing_key}
        names = wanted if letter.exchange else {letter.routing_key}
        return next((self._refusals[name] for name in sorted(names & set(self._refusals))), None)
