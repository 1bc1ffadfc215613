"""The faults of a simulated world, each for a while or at one moment."""

from collections.abc import Callable, Mapping
from typing import Final

from reading_club.eventstream.errors import StorageUnavailable
from reading_club_functional.simulation.broker import Copy
from reading_club_functional.simulation.processes import Process
from reading_club_functional.simulation.world_parts import WorldParts

LONGEST_OUTAGE: Final = 12.0
LONGEST_PAUSE: Final = 60.0
"""Seconds."""
CRASHES_WITHIN: Final = 60
"""Steps of its own that a process takes at most before a crash."""


class Faults:
    """Does faults to processes and servers; the tape draws whom they meet, and for how long."""

    def __init__(self, parts: WorldParts, processes: Mapping[str, Process]) -> None:
        self._parts, self._processes = parts, processes
        self._loop, self._tape, self._broker = parts.loop, parts.loop.tape, parts.broker
        self._methods: Mapping[str, Callable[[str], None]] = {
            "crash": self._crash,
            "broker away": self._stop_broker,
            "database away": self._stop_database,
            "queue purged": self._broker.purge,
            "queue deleted": self._broker.delete_queue,
            "queue full": self._fill_queue,
            "connection lost": self._disconnect,
            "message repeated": self._repeat,
            "subscriber paused": self._pause,
            "worker stopped": self._stop_worker,
        }

    def do(self, fault: str) -> None:
        """Do the fault of this name."""
        subscriber = self._tape.choice(self._parts.scenario.subscribers)
        self._loop.note(f"fault: {fault} ({subscriber})")
        self._methods[fault](subscriber)

    def end(self) -> None:
        """End all faults."""
        self._start_database()
        self._broker.full.clear()
        self._parts.database.pauses.clear()
        self._broker.start()
        for process in self._processes.values():
            process.fuse = 0
        for process in self._parts.older:
            process.crash()

    def _crash(self, _: str) -> None:
        victim = self._tape.choice(list(self._processes.values()))
        victim.fuse = 1 + int(self._tape.between(0, CRASHES_WITHIN))

    def _stop_broker(self, _: str) -> None:
        if not self._broker.down:
            self._broker.stop()
            self._later(self._broker.start)

    def _stop_database(self, _: str) -> None:
        self._parts.database.error = StorageUnavailable("the database is away")
        self._later(self._start_database)

    def _start_database(self) -> None:
        self._parts.database.error = None

    def _fill_queue(self, subscriber: str) -> None:
        self._broker.full.add(subscriber)
        self._later(lambda: self._broker.full.discard(subscriber))

    def _disconnect(self, _: str) -> None:
        if self._broker.consumers:
            self._tape.choice(self._broker.consumers).disconnect()

    def _repeat(self, subscriber: str) -> None:
        """Deliver a message again that a consumer has, as Redis does after its timeout."""
        consumers = [c for c in self._broker.consumers if c.subscriber.name == subscriber]
        held = [copy for consumer in consumers for copy in consumer.unacknowledged.values()]
        if held:
            copy = self._tape.choice(held)
            self._broker.number[copy.inbox_key] += 1
            self._broker.give_back([Copy(copy.inbox_key, copy.event)])

    def _pause(self, subscriber: str) -> None:
        """Pause a subscriber, for longer than the reconciler lets pass."""
        pauses = self._parts.database.pauses
        pauses.setdefault(subscriber, self._parts.database.clock())
        self._loop.call_later(
            self._tape.between(1.0, LONGEST_PAUSE), lambda: pauses.pop(subscriber, None)
        )

    def _stop_worker(self, subscriber: str) -> None:
        """Ask a worker to stop; another one replaces it."""
        workers = [c for c in self._broker.consumers if c.subscriber.name == subscriber]
        if running := [each for each in workers if each.process.alive]:
            self._tape.choice(running).stop()

    def _later(self, end: Callable[[], None]) -> None:
        self._loop.call_later(self._tape.between(0.1, LONGEST_OUTAGE), end)
