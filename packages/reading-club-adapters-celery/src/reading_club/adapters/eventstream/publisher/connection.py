"""Base class of the publisher's broker connections."""

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kombu import Connection

from reading_club.adapters.eventstream.app import EventRouter
from reading_club.adapters.eventstream.declaration import declare
from reading_club.adapters.eventstream.publisher.encoding import EncodedMessage
from reading_club.adapters.eventstream.publisher.result import PublishResultBuilder

logger = logging.getLogger(__name__)

NO_QUEUE: Final = "no queue takes it"


class PublisherConnection(ABC):
    """A broker connection, used in one process and one thread, and dropped after an error."""

    def __init__(self, connection: Connection, route: EventRouter) -> None:
        self.connection: Any = connection  # the stubs are incomplete
        self.route = route
        self._refusals: Mapping[str, str] = {}

    def connect(self) -> None:
        """Connect, trying each broker of a cluster once. Raises kombu's errors."""
        alternatives = max(0, len(self.connection.alt) - 1)
        self.connection.ensure_connection(max_retries=alternatives, interval_start=0)

    @abstractmethod
    def send(self, letters: Sequence[EncodedMessage], outcome: PublishResultBuilder) -> None:
        """Send messages in their order, and record the result of each in ``outcome``.

        Raises the driver's error if the broker is unavailable, slow or full.
        """

    @abstractmethod
    def cut(self) -> None:
        """Let calls that wait for the broker fail at once. Any thread may call this."""

    def drop(self) -> None:
        """Close the connection without a closing handshake, which the broker may not answer."""
        self.cut()
        with contextlib.suppress(Exception):  # dropped, whatever its state
            self.connection.collect()

    def _declare(self) -> None:
        """Declare the queues of all known subscribers; log each refusal once per reason.

        Raises the driver's error if the broker is unavailable.
        """
        refusals = declare(self.connection, self.route.queues)
        for name in sorted(refusals):
            if refusals[name] != self._refusals.get(name):
                logger.warning(
                    "a queue is refused", extra={"queue": name, "reason": refusals[name]}
                )
        self._refusals = refusals

    def _refusal_of(self, letter: EncodedMessage) -> str | None:
        """Return why a queue of the message was refused, or None if none was."""
        wanted = {queue for type_, queue in self.route.bindings if type_ == letter.routing_key}
        names = wanted if letter.exchange else {letter.routing_key}
        return next((self._refusals[name] for name in sorted(names & set(self._refusals))), None)
