"""The simulated broker: queues, bindings, and what goes wrong with them."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club.eventstream.ports.outbox import ALL_SUBSCRIBERS, OutboxKey, OutboxMessage
from reading_club.eventstream.ports.publisher import PublishResult
from reading_club_functional.simulation.invariants import Invariants
from reading_club_functional.simulation.seeded_loop import SeededLoop

if TYPE_CHECKING:
    from reading_club_functional.simulation.consumer import SimulatedConsumer
    from reading_club_functional.simulation.delivered import Received
    from reading_club_functional.simulation.processes import Process

CUT: Final = 0.02
"""Probability, for each event, that the connection breaks before its confirm."""
OVERTAKES: Final = 0.2
"""Probability that a delivered message is any waiting one, not the first."""
REPEATED: Final = 0.02
"""Probability that a queue gets a message twice."""
PREFETCH: Final = 6


@dataclass(eq=False)
class Copy:
    """A message on the queue of one subscriber."""

    inbox_key: InboxKey
    event: OutboxMessage
    redelivered: bool = False
    suspect: bool = False
    """Whether an attempt of this copy has begun and not ended."""


@dataclass
class SimulatedBroker:
    """Takes events, and delivers the copies of each queue to one of its consumers."""

    loop: SeededLoop
    invariants: Invariants
    subscribers: Collection[str]
    too_large: set[UUID] = field(default_factory=set)
    down: bool = False
    full: set[str] = field(default_factory=set)
    lost: set[InboxKey] = field(default_factory=set)
    """What was purged from a queue, or never got there."""

    def __post_init__(self) -> None:
        self.queues: dict[str, list[Copy]] = {name: [] for name in self.subscribers}
        self.bound = set(self.subscribers)
        self.consumers: list[SimulatedConsumer] = []
        self._taken: set[InboxKey] = set()
        self.number = Counter[InboxKey]()
        """How many copies there have been of each message."""

    def is_too_large(self, message_id: UUID) -> bool:
        """Whether the broker refuses the event itself."""
        return message_id in self.too_large

    def has_taken(self, key: OutboxKey) -> bool:
        """Whether each bound queue has got the event of the row, or has lost it."""
        names = self.bound if key.subscriber == ALL_SUBSCRIBERS else {key.subscriber}
        wanted = {InboxKey(name, key.message_id) for name in names}
        return wanted <= self._taken | self.lost

    def copies(self) -> Iterator[InboxKey]:
        """Yield the messages on queues and in the hands of consumers."""
        for queue in self.queues.values():
            yield from (each.inbox_key for each in queue)
        for consumer in self.consumers:
            yield from (each.inbox_key for each in consumer.unacknowledged.values())

    def has_copy(self, inbox_key: InboxKey) -> bool:
        """Whether the message is on its queue or in the hands of a consumer."""
        return inbox_key in set(self.copies())

    def in_hand(self, inbox_key: InboxKey) -> int:
        """Return how many copies workers may be handling, whatever their connections."""
        return sum(len(each.held(inbox_key)) for each in self.consumers)

    def held_by(self, process: "Process", inbox_key: InboxKey) -> Sequence["Received"]:
        """Return the messages with this key that a worker may be handling."""
        found = (each.held(inbox_key) for each in self.consumers if each.process is process)
        return [message for held in found for message in held]

    def take(self, events: Sequence[OutboxMessage]) -> PublishResult:
        """Take a batch; return what its publisher learns of it."""
        confirmed: list[OutboxKey] = []
        failed: dict[OutboxKey, str] = {}
        refused: dict[OutboxKey, str] = {}
        outage: Exception | None = None
        for event in events:
            outage = outage or self._cut()
            self.invariants.published(event.key.message_id)
            if outage is not None and (self.down or self.loop.tape.chance(0.5)):
                continue
            if event.key.message_id in self.too_large:
                failed[event.key] = "it is too large"
            elif reason := self._route(event):
                refused[event.key] = reason
            elif outage is None:
                confirmed.append(event.key)
        if outage is not None:
            failed, refused = {}, {}
        return PublishResult(confirmed, failed, outage, refused)

    def _cut(self) -> Exception | None:
        if self.down or self.loop.tape.chance(CUT):
            return EventstreamUnavailable("the connection was lost")
        return None

    def _route(self, event: OutboxMessage) -> str:
        """Put copies on the queues that take them; return why one does not."""
        to_all = event.key.subscriber == ALL_SUBSCRIBERS
        names = sorted(self.bound) if to_all else [event.key.subscriber]
        for name in set(self.subscribers) - self.bound if to_all else ():
            self.lost.add(InboxKey(name, event.key.message_id))
        if not to_all and names[0] not in self.bound:
            return "there is no such queue"
        for name in names:
            if name not in self.full:
                self.put(Copy(InboxKey(name, event.key.message_id), event))
        if not names:
            return "no queue wants it"
        return "its queue is full" if self.full & set(names) else ""

    def put(self, copy: Copy) -> None:
        """Put a copy on its queue, sometimes twice."""
        self._taken.add(copy.inbox_key)
        self.number[copy.inbox_key] += 1
        self.loop.note(f"queued {copy.inbox_key.subscriber} {copy.inbox_key.message_id.int}")
        queue = self.queues[copy.inbox_key.subscriber]
        queue.append(copy)
        if self.loop.tape.chance(REPEATED):
            queue.append(replace(copy))
            self.number[copy.inbox_key] += 1
        self.deliver(copy.inbox_key.subscriber)

    def deliver(self, subscriber: str) -> None:
        """Hand waiting messages to the consumers that have room, until there is none."""
        queue, tape = self.queues[subscriber], self.loop.tape
        while queue and not self.down:
            ready = [c for c in self.consumers if c.subscriber.name == subscriber and c.has_room]
            if not ready:
                return
            index = int(tape.between(0, len(queue))) if tape.chance(OVERTAKES) else 0
            tape.choice(ready).send(queue.pop(index))

    def purge(self, subscriber: str) -> None:
        """Lose what waits on a queue."""
        self.lost.update(each.inbox_key for each in self.queues[subscriber])
        self.queues[subscriber].clear()

    def delete_queue(self, subscriber: str) -> None:
        """Lose a queue with what waits on it; nothing gets there until it is declared again."""
        self.purge(subscriber)
        self.bound.discard(subscriber)

    def give_back(self, copies: Collection[Copy], *, redelivered: bool = True) -> None:
        """Put copies that were not acknowledged in front of their queue."""
        for copy in copies:
            again = replace(copy, redelivered=copy.redelivered or redelivered)
            self.queues[copy.inbox_key.subscriber].insert(0, again)
            self.deliver(copy.inbox_key.subscriber)

    def stop(self) -> None:
        """Lose all connections; no new one is accepted until ``start``."""
        self.down = True
        for consumer in list(self.consumers):
            consumer.disconnect()

    def start(self) -> None:
        """Accept connections again."""
        self.down = False
        for name in self.queues:
            self.deliver(name)
