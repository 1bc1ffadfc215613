"""The simulated connection of a worker, around the production code that handles messages."""

from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from itertools import count
from typing import Any

from reading_club.adapters.eventstream.topology import ATTEMPTED
from reading_club.adapters.eventstream.worker.batching import ARRIVED, Batcher
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.malformed import is_suspected, was_attempted
from reading_club.adapters.eventstream.worker.returning import Redeliveries
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.subscriber import Subscriber
from reading_club_functional.simulation.broker import PREFETCH, Copy, SimulatedBroker
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.threads import SimulatedThread

LOST_ACK = 0.01
"""Probability that an acknowledgement breaks the connection."""


class Delivered:
    """A message of kombu, as far as the worker's code asks for it."""

    def __init__(self, copy: Copy, consumer: "SimulatedConsumer", tag: int) -> None:
        self.copy, self.tag = copy, tag
        self._consumer, self._connection = consumer, consumer.connection
        self.headers: dict[str, Any] = {ATTEMPTED: True} if copy.event.attempted else {}
        self.delivery_info = {"redelivered": copy.redelivered}
        self.payload = [[], {"message": dict(copy.event.envelope)}, {}]
        self.acknowledged = False

    def ack_log_error(self, *_: object) -> None:
        """Acknowledge on the connection that has delivered it, if that is open."""
        self._consumer.in_hand.pop(self.tag, None)
        if self._consumer.connection == self._connection:
            self.acknowledged = True
            self._consumer.acknowledge(self)


class SimulatedConsumer:
    """What Celery's consumer is to the batches: the worker's own thread is the loop."""

    connection_errors: tuple[type[BaseException], ...] = ()

    def __init__(
        self, broker: SimulatedBroker, subscriber: Subscriber[Any, Any], events: EventTask
    ) -> None:
        self.broker, self.subscriber, self._events = broker, subscriber, events
        self.process = CURRENT.get()
        self.connection = 0
        self.is_connected = False
        self.unacknowledged: dict[int, Copy] = {}
        self.in_hand: dict[int, InboxKey] = {}
        """What may be handled at this moment, also of lost connections, by delivery tag."""
        self._loop, self._tags, self._context = broker.loop, count(1), copy_context()
        self._batchers: Mapping[bool, Batcher] = {}
        broker.consumers.append(self)

    @property
    def has_room(self) -> bool:
        """Whether the broker may deliver another message."""
        return self.is_connected and len(self.unacknowledged) < PREFETCH

    def connect(self) -> None:
        """Begin to consume, as the worker does on each new connection."""
        if self.broker.down or not self.process.alive:
            return
        events = self._events

        def receive_suspected(messages: Sequence[object], *, arrived: float) -> None:
            events.receive(*messages, suspected=True, arrived=arrived)

        self._batchers = batchers = {
            False: Batcher(self, events.receive_batch, events.receive),
            True: Batcher(self, receive_suspected, events.receive, largest=1),
        }
        self._redeliveries = Redeliveries(
            self, events.returned, lambda message, suspected: batchers[suspected].add(message)
        )
        self.is_connected = True
        self.broker.deliver(self.subscriber.name)

    def send(self, copy: Copy) -> None:
        """Deliver a copy, after a delay."""
        tag = next(self._tags)
        self.unacknowledged[tag] = copy
        delay, context = self._loop.tape.delay(), self._context.copy()
        self._loop.call_later(delay, self._receive, copy, self.connection, tag, context=context)

    def _receive(self, copy: Copy, connection: int, tag: int) -> None:
        if connection != self.connection:
            return
        self.in_hand[tag] = copy.inbox_key
        message: Any = Delivered(copy, self, tag)
        message.headers[ARRIVED] = self._loop.time()
        if is_suspected(message) and not was_attempted(message):
            self._redeliveries.sort(message)
        else:
            self._batchers[is_suspected(message)].add(message)

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
        """Give a message back."""
        if message.tag in self.unacknowledged:
            self.broker.give_back([self.unacknowledged.pop(message.tag)])

    def disconnect(self) -> None:
        """Lose the connection: its messages return, and a new one follows."""
        self.leave()
        if self._batchers:
            self._redeliveries.abandon()
            for batcher in self._batchers.values():
                batcher.abandon()
        self._loop.call_later(1.0, self._reconnect, context=self._context.copy())

    def leave(self) -> None:
        """End the connection at the broker."""
        self.connection += 1
        self.is_connected = False
        copies = list(self.unacknowledged.values())
        self.unacknowledged.clear()
        self.broker.give_back(copies)

    def _reconnect(self) -> None:
        if self.broker.down:
            self._loop.call_later(1.0, self._reconnect, context=self._context.copy())
        elif not self.is_connected:
            self.connect()

    def run_in_pool(self, work: Callable[..., object], *args: Any) -> None:
        """Call the work in a thread."""
        thread = SimulatedThread(target=work, args=args, name="pool")
        thread.start()

    def call_soon_ack(self, work: Callable[..., object], *args: Any) -> None:
        """Call the work in the worker's own thread."""
        self._loop.call_soon(partial(work, *args), context=self._context.copy())
