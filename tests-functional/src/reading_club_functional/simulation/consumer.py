"""The simulated connection of a worker, around the production code that handles messages."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from math import inf
from typing import Any

from reading_club.adapters.eventstream.worker.batching import ARRIVED
from reading_club.adapters.eventstream.worker.consumption import Consumption
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.malformed import was_attempted
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club_functional.simulation.broker import PREFETCH, Copy, SimulatedBroker
from reading_club_functional.simulation.delivered import Delivered, Received
from reading_club_functional.simulation.pool import WorkerThreads
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.stopping import StopSignal, stop
from reading_club_functional.simulation.threads import SimulatedThread

LOST_ACK = 0.01
"""Probability that an acknowledgement breaks the connection."""


class ObservedConsumption(Consumption):
    """Tells which rolled-back messages are recorded after the end of their connection."""

    def record(self, batch: Sequence[Any]) -> None:
        """Record a batch, as before."""
        for each in batch:
            if each.connection != each.consumer.connection:
                each.consumer.broker.invariants.attempts.recorded_late.add(each.copy.inbox_key)
        super().record(batch)


class SimulatedConsumer(WorkerThreads):
    """What Celery's consumer is to the batches: the worker's own thread is the loop."""

    connection_errors: tuple[type[BaseException], ...] = ()

    def __init__(
        self,
        broker: SimulatedBroker,
        subscriber: Subscriber[Any, Any],
        events: EventTask,
        stop_signal: StopSignal,
    ) -> None:
        super().__init__(broker.loop)
        self.broker, self.subscriber, self._events = broker, subscriber, events
        self.process = CURRENT.get()
        self.connection = 0
        self.is_connected = False
        self.rests_since = inf
        """When the worker has begun to obey a pause."""
        self.unacknowledged: dict[int, Copy] = {}
        self._tags = count(1)
        self._consumption: Consumption | None = None
        self.stop_signal = stop_signal
        broker.consumers.append(self)

    @property
    def has_room(self) -> bool:
        """Whether the broker may deliver another message."""
        has_room = len(self.unacknowledged) < PREFETCH
        is_consuming = self.is_connected and not self.stop_signal.is_given
        return is_consuming and self.rests_since == inf and has_room

    def held(self, inbox_key: InboxKey) -> Sequence[Received]:
        """Return what may be handled of the message."""
        return [each for each in self.in_hand.values() if each.inbox_key == inbox_key]

    def forget(self, tag: int) -> None:
        """Note that a message is done; another copy of it is held from now on."""
        if (done := self.in_hand.pop(tag, None)) is not None:
            for each in self.held(done.inbox_key):
                each.failed_at = inf

    def connect(self) -> None:
        """Begin to consume, as the worker does on each new connection."""
        if self.broker.down or not self.process.alive or self.stop_signal.is_given:
            return
        events = self._events
        self._consumption = ObservedConsumption(self, events)
        self.is_connected, self.rests_since = True, inf
        self._consumption.begin()
        if events.pause.is_paused and self.rests_since == inf:
            self.broker.invariants.violated("a pause is obeyed", f"{self.process.name} consumes")
        self.broker.deliver(self.subscriber.name)

    def consume_nothing(self) -> None:
        """Get no further messages: the subscriber is paused."""
        self.rests_since = min(self.rests_since, self._loop.time())

    def consume_again(self) -> None:
        """Get messages again."""
        self.rests_since = inf
        self.broker.deliver(self.subscriber.name)

    def send(self, copy: Copy) -> None:
        """Deliver a copy, after a delay."""
        tag = next(self._tags)
        self.unacknowledged[tag] = copy
        delay, context = self._loop.tape.delay(), self._context.copy()
        self._loop.call_later(delay, self._receive, copy, self.connection, tag, context=context)

    def _receive(self, copy: Copy, connection: int, tag: int) -> None:
        if connection != self.connection or self.stop_signal.is_given:
            return
        message: Any = Delivered(copy, self, tag)
        suspected = copy.suspect or was_attempted(message)
        self.in_hand[tag] = Received(copy.inbox_key, suspected, self._loop.time())
        message.headers[ARRIVED] = self._loop.time()
        assert self._consumption is not None
        self._consumption.add(message)

    def acknowledge(self, message: Delivered) -> None:
        """Take a message off, unless the connection breaks before."""
        if self._loop.tape.chance(LOST_ACK):
            self.disconnect()
            return
        copy = self.unacknowledged.pop(message.tag)
        self._loop.note(f"acknowledged {copy.inbox_key.subscriber} {copy.inbox_key.message_id.int}")
        self.broker.invariants.acked(copy.inbox_key)
        self.broker.deliver(self.subscriber.name)

    def requeue(self, message: Delivered) -> None:
        """Give a message back that was not handled."""
        if message.tag in self.unacknowledged:
            message.acknowledged = True
            self.broker.invariants.attempts.given_back(message, self.in_hand[message.tag])
            self.forget(message.tag)
            self.broker.give_back([self.unacknowledged.pop(message.tag)])

    def stop(self) -> None:
        """Begin to stop, unless the worker stops already."""
        if not self.stop_signal.is_given:
            self.stop_signal.give()
            self._context.copy().run(self._start_stop)

    def _start_stop(self) -> None:
        SimulatedThread(target=stop, args=(self,), name="stop").start()

    def disconnect(self) -> None:
        """Lose the connection: its messages return, and a new one follows."""
        self.leave()
        if self._consumption is not None:
            self._consumption.abandon()
        self._loop.call_later(1.0, self._reconnect, context=self._context.copy())

    def leave(self) -> None:
        """End the connection at the broker."""
        self.connection += 1
        self.is_connected = False
        ended = self.broker.invariants.database.returned  # and recorded, but not given back yet
        begun = {
            tag
            for tag, received in self.in_hand.items()
            if received.begun and received.inbox_key not in ended
        }
        copies = [
            replace(copy, suspect=copy.suspect or tag in begun)
            for tag, copy in self.unacknowledged.items()
        ]
        self.unacknowledged.clear()
        self.broker.give_back(copies)

    def _reconnect(self) -> None:
        if self.broker.down:
            self._loop.call_later(1.0, self._reconnect, context=self._context.copy())
        elif not self.is_connected:
            self.connect()

    def end_consumption(self) -> None:
        """Return what has not begun, if the database records it."""
        if self._consumption is not None:
            self._consumption.stop(broker_answers=self.is_connected)
