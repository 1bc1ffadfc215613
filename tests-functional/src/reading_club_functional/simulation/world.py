"""A simulated world: it starts the processes, does the faults, and waits until all is quiet."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final
from uuid import UUID

from reading_club.adapters.memory import RecordingOutboxTransport
from reading_club.eventstream.dead_letters.commands import discard, retry
from reading_club.eventstream.ports.dead_letters import DeadLetter
from reading_club.eventstream.ports.inbox import InboxKey
from reading_club_functional.simulation import lives
from reading_club_functional.simulation.database import SimulatedUnitOfWork
from reading_club_functional.simulation.faults import LONGEST_OUTAGE, Faults
from reading_club_functional.simulation.processes import Process
from reading_club_functional.simulation.workers import worker
from reading_club_functional.simulation.world_parts import WorldParts

QUIET_WITHIN: Final = 2400.0
"""Seconds after the last fault until which all has to be quiet."""
LOOK_EVERY: Final = 10.0
Life = Callable[[], Coroutine[Any, Any, None]]


class World:
    """Runs a scenario: processes that start again after a crash, and faults."""

    def __init__(self, parts: WorldParts) -> None:
        self.parts, self.loop, self.tape = parts, parts.loop, parts.loop.tape
        self.processes: dict[str, Process] = {}
        self._faults = Faults(parts, self.processes)
        self._decided: set[InboxKey] = set()

    async def run(self) -> None:
        """Run all processes; return when all is quiet. A violation ends the loop before."""
        scenario = self.parts.scenario
        self._plan()
        for number in range(scenario.webs):
            plan = [n for n in range(1, scenario.transactions + 1) if n % scenario.webs == number]
            self._start(f"web-{number + 1}", partial(lives.web, self.parts, plan))
        for number in range(scenario.relays):
            self._start(f"relay-{number + 1}", partial(lives.relay, self.parts))
        for subscriber in self.parts.subscribers:
            for number in range(scenario.workers):
                life = partial(worker, self.parts, subscriber)
                self._start(f"{subscriber.name}-{number + 1}", life)
        for _ in range(scenario.faults):
            await asyncio.sleep(self.tape.between(0.0, 4.0))
            self._faults.do(self.tape.choice(scenario.kinds))
        await asyncio.sleep(LONGEST_OUTAGE)
        self._calm_down()
        await self._until_quiet()
        self.parts.invariants.check_quiet()

    def _plan(self) -> None:
        """Decide what the handlers will do with each event."""
        parts = self.parts
        for number in range(1, parts.scenario.transactions + 1):
            for behaviour, probability in parts.scenario.poison:
                if self.tape.chance(probability):
                    name = self.tape.choice(parts.scenario.subscribers)
                    if behaviour == "large":
                        parts.broker.too_large.add(UUID(int=number))
                    else:
                        parts.handlers.behaviour[InboxKey(name, UUID(int=number))] = behaviour

    def _start(self, name: str, life: Life) -> None:
        def die(_: Process) -> None:
            self._lose_consumer(name)
            pause = 0.5 + self.tape.delay()
            self.loop.call_later(pause, self._start, name, life, context=self._context.copy())

        process = Process(name, self.loop, die)
        self.processes[name] = process
        self.loop.note(f"{name} starts")
        self.loop.start_process(process, partial(self._live, process, life))

    async def _live(self, process: Process, life: Life) -> None:
        try:
            await life()
        except Exception as exc:  # noqa: BLE001  # no process ends by an error
            self.parts.invariants.violated("no process ends", f"{process.name}: {exc!r}")

    def _lose_consumer(self, name: str) -> None:
        """What a worker had is delivered again; each of its messages may have killed it."""
        consumer = self.parts.consumers.pop(name, None)
        if consumer is None:
            return
        for inbox_key in {each.inbox_key for each in consumer.in_hand.values()}:
            self.parts.invariants.tries[inbox_key] += 1
        self.loop.call_later(self.tape.delay(), self._end, consumer, context=self._context.copy())

    def _end(self, consumer: Any) -> None:
        consumer.leave()
        self.parts.broker.consumers.remove(consumer)

    def _calm_down(self) -> None:
        self.loop.note("no more faults")
        self.tape.calm = True
        self._faults.end()

    async def _until_quiet(self) -> None:
        until = self.loop.time() + QUIET_WITHIN
        while ends := self.parts.invariants.open_ends():
            await asyncio.sleep(LOOK_EVERY)
            if self.loop.time() > until:
                self.parts.invariants.violated("no loss", f"{ends[0]}, and stays there")
                return
            await self._decide_letters()
        await self._decide_letters()

    async def _decide_letters(self) -> None:
        """Let an operator retry, discard or keep each new dead letter."""
        database = self.parts.database
        for key, letter in list(database.dead_letters.items()):
            inbox_key = InboxKey(*key)
            if inbox_key not in self._decided and not letter.parked:
                self._decided.add(inbox_key)
                await self._decide(letter, inbox_key)

    async def _decide(self, letter: DeadLetter, inbox_key: InboxKey) -> None:
        database = self.parts.database
        command = self.tape.choice(["retry", "discard", "keep"])
        if command == "keep" or inbox_key.subscriber not in self.parts.scenario.subscribers:
            return
        async with SimulatedUnitOfWork(RecordingOutboxTransport(), database) as transaction:
            if command == "retry":
                if not self.parts.broker.in_hand(inbox_key):  # one from before may still give it up
                    self.parts.invariants.tries[inbox_key] = 0
                self.parts.invariants.errors[inbox_key] = 0
                await retry([letter], transaction.uow, database.clock())
            else:
                self.parts.invariants.discarded.add(inbox_key)
                await discard([letter], transaction.uow, database.clock())
            await transaction.commit()

    @property
    def _context(self) -> Any:
        return self.loop.world_context
