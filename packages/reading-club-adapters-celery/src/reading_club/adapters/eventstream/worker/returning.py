"""Messages that a worker gives back unhandled: recorded, so that their redelivery is no suspect."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Final

from kombu import Message

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.eventstream.inbox.processor import InboxProcessor
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.unit_of_work import UnitOfWorkFactory

STOP_TIMEOUT: Final = 2.0
"""Seconds that a stopping worker waits for the database, to record what it gives back."""


class ReturnedLog:
    """The returned messages of one subscriber in the database, by calls that do not block."""

    def __init__(self, processor: InboxProcessor, loop: EventLoopThread[UnitOfWorkFactory]) -> None:
        self._processor = processor
        self._loop = loop

    def key_of(self, message: Message) -> InboxKey | None:
        """Return the inbox key of the event in a valid task message; None without an id."""
        try:
            return self._processor.inbox_key(message.payload[1]["message"])
        except (TypeError, LookupError, ValueError):
            return None

    def record(self, messages: Sequence[Message]) -> "Future[None]":
        """Begin to record messages without an attempt in the database; wait before a reject."""
        keys = [key for key in map(self.key_of, messages) if key]

        async def add(make_uow: UnitOfWorkFactory) -> None:
            async with make_uow() as transaction:
                await transaction.uow.returned.add(keys)
                await transaction.commit()

        return self._loop.start(add)

    def take(self, messages: Sequence[Message]) -> "Future[Collection[InboxKey]]":
        """Begin to delete the records of redelivered messages; the result has their keys."""
        keys = [key for key in map(self.key_of, messages) if key]

        async def take(make_uow: UnitOfWorkFactory) -> Collection[InboxKey]:
            async with make_uow() as transaction:
                taken = await transaction.uow.returned.take(keys)
                await transaction.commit()
            return taken

        return self._loop.start(take)


class Redeliveries:
    """Tells redelivered messages that were given back from those that may have killed a worker.

    ``add`` gets each message and whether it is suspected, in the worker's own thread. One lookup
    runs at a time, for all messages that arrived meanwhile. If it fails, its messages are
    suspected.
    """

    def __init__(self, worker: Any, log: ReturnedLog, add: Callable[[Message, bool], None]) -> None:
        self._worker = worker
        self._log = log
        self._add = add
        self._arrived: list[Message] = []
        self._looked_up: Sequence[Message] = ()
        self._lookup: Future[Collection[InboxKey]] | None = None
        # Without an event loop, on a broker in memory, results arrive in another thread.
        self._lock = threading.RLock()

    def sort(self, message: Message) -> None:
        """Look a redelivered message up; one without an id is suspected at once."""
        if self._log.key_of(message) is None:
            self._add(message, True)  # noqa: FBT003  # as the callback is declared
            return
        with self._lock:
            self._arrived.append(message)
            self._start_next()

    def abandon(self) -> None:
        """Forget all messages after a lost connection: the broker redelivers them."""
        with self._lock:
            self._arrived, self._lookup = [], None

    def finish(self, seconds: float) -> None:
        """Wait up to ``seconds`` for the lookups, and pass their messages on."""
        until = time.monotonic() + seconds
        while (lookup := self._lookup) is not None:
            if wait([lookup], until - time.monotonic()).not_done:
                return
            self._pass_on(lookup)

    def _start_next(self) -> None:
        if self._lookup is None and self._arrived:
            self._looked_up, self._arrived = self._arrived, []
            self._lookup = self._log.take(self._looked_up)
            self._lookup.add_done_callback(partial(self._worker.call_soon_ack, self._pass_on))

    def _pass_on(self, lookup: "Future[Collection[InboxKey]]") -> None:
        with self._lock:
            if lookup is not self._lookup:  # passed on already, or of a lost connection
                return
            failed = lookup.cancelled() or lookup.exception() is not None
            taken: Collection[InboxKey] = () if failed else lookup.result()
            for message in self._looked_up:
                self._add(message, self._log.key_of(message) not in taken)
            self._lookup = None
            self._start_next()
