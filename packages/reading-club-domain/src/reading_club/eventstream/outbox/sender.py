"""The sender: publishes events that this process has committed, in a thread."""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from reading_club.eventstream.outbox.sender_thread import SenderThread
from reading_club.eventstream.per_process import PerProcess
from reading_club.eventstream.ports.outbox import Lease, OutboxStore, OutboxTransport
from reading_club.eventstream.ports.publisher import EventPublisher

logger = logging.getLogger(__name__)

OpenOutbox = Callable[[], AbstractAsyncContextManager[OutboxStore]]


class Sender(OutboxTransport):
    """Passes committed events to a thread of this process, which sends them and deletes their rows.

    The caller is never blocked and gets no error. An event that exceeds the queue's ``capacity``,
    or comes during an outage of the broker, stays in the outbox for the relay, which sends it when
    the lease of ``lease`` seconds is over. The thread starts with the first event. A forked
    process has a lease, a queue and a thread of its own.
    """

    def __init__(
        self,
        open_outbox: OpenOutbox,
        make_publisher: Callable[[], EventPublisher],
        *,
        lease: float = 10.0,
        capacity: int = 10_000,
        batch_size: int = 500,
    ) -> None:
        self._threads = PerProcess(
            lambda: SenderThread(
                open_outbox, make_publisher, Lease(lease), capacity=capacity, batch_size=batch_size
            )
        )

    @property
    def lease(self) -> Lease:
        """The lease of this process's rows."""
        return self._thread().lease

    async def send_message_serialized(self, message: Mapping[str, Any]) -> None:
        """Enqueue a committed event for the thread. Does not block, and raises nothing."""
        try:
            self._thread().enqueue(message)
        except Exception:
            # The event is in the outbox: whatever is wrong here, the relay sends it.
            logger.exception("an event is left to the relay")

    def close(self, within: float = 5.0) -> None:
        """Refuse new events, and block until queued ones are sent, up to ``within`` seconds."""
        thread = self._threads.find()
        if thread is not None:
            thread.close(within)

    def _thread(self) -> SenderThread:
        return self._threads.get()
