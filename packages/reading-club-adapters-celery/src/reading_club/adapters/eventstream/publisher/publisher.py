"""The publisher of windows, on whatever broker the app is configured for."""

import os
from collections.abc import Sequence
from typing import Any, Final

from celery import Celery

from reading_club.adapters.eventstream.publisher.confirming import ConfirmingLine
from reading_club.adapters.eventstream.publisher.cutting import cut_off
from reading_club.adapters.eventstream.publisher.letters import Encoder, Letter
from reading_club.adapters.eventstream.publisher.line import Line
from reading_club.adapters.eventstream.publisher.outcome import Outcome
from reading_club.adapters.eventstream.publisher.virtual import VirtualLine
from reading_club.service.outbox.port import Outgoing, Published

PUBLISH_TIMEOUT: Final = 5.0


class BatchPublisher:
    """Publishes windows of events: an ``EventPublisher`` on a Celery application.

    Where events go, and how they are serialised, is the configuration of ``app``, see
    ``publisher_app``. On AMQP a window is in flight at once, and each event is confirmed by the
    broker; on Redis a window is one flush; anywhere else events go one by one.

    A window takes ``timeout`` seconds at most, and connecting what the app allows it. After an
    outage the connection is dropped. A forked process connects by itself.
    """

    def __init__(self, app: Celery, *, timeout: float = PUBLISH_TIMEOUT) -> None:
        self.app = app
        self.timeout = timeout
        self._encoder = Encoder(app)
        self._lines: dict[int, Line] = {}

    def publish(self, events: Sequence[Outgoing]) -> Published:
        """Send the events in their order, and tell what became of each."""
        outcome = Outcome()
        letters = self._encoder.encode(events, outcome)
        try:
            if letters:
                self._send(letters, outcome)
        except Exception as exc:  # noqa: BLE001  # whatever it is, the broker has not got them
            self.close()
            return outcome.published(outage=exc)
        except BaseException:
            self.close()  # nobody knows what is on its way
            raise
        return outcome.published()

    def close(self) -> None:
        """Drop the connection of this process, without waiting for the broker."""
        line = self._lines.pop(os.getpid(), None)
        if line is not None:
            line.drop()

    def _send(self, letters: Sequence[Letter], outcome: Outcome) -> None:
        line = self._line()
        with cut_off(self.timeout, line.cut):
            line.send(letters, outcome)

    def _line(self) -> Line:
        pid = os.getpid()
        if pid not in self._lines:
            # Known before it is connected, to be dropped if that fails.
            self._lines[pid] = self._new_line()
            self._lines[pid].connect()
        return self._lines[pid]

    def _new_line(self) -> Line:
        app: Any = self.app  # the stubs know little of it
        connection = app.connection_for_write(transport_options={"confirm_publish": False})
        confirms = connection.transport.driver_type == "amqp"
        return (ConfirmingLine if confirms else VirtualLine)(connection, self._encoder.route)
