"""Interleavings of the sender's threads, one statement at a time.

In a simulated world a thread hands over where it waits. Here it does so before each statement of
``sender.py`` as well: threads that hand events over, the sender's own and the one that closes it
meet in the middle of each other's methods.
"""

import ast
import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Final
from uuid import UUID

from messagebus.service.eventstream import MessageSerializer

from reading_club.eventstream.outbox import sender as sender_module
from reading_club_functional.simulation.database import SimulatedUnitOfWork
from reading_club_functional.simulation.handlers import numbered_event
from reading_club_functional.simulation.lives import LEASE
from reading_club_functional.simulation.outbox import SimulatedOutbox
from reading_club_functional.simulation.publisher import SimulatedPublisher
from reading_club_functional.simulation.runner import without_logs
from reading_club_functional.simulation.scenarios import SCENARIOS
from reading_club_functional.simulation.seeded_loop import SeededLoop
from reading_club_functional.simulation.tape import RandomTape
from reading_club_functional.simulation.threads import (
    SimulatedLock,
    SimulatedQueue,
    SimulatedThread,
    run_coroutine,
    sleep,
)
from reading_club_functional.simulation.world_parts import WorldParts, build_parts

EVENTS: Final = 3
"""Of each of two threads that hand events over."""
LASTS: Final = 60.0
"""Seconds after which all threads have ended."""
LATEST_CLOSE: Final = 200
"""Steps after which the sender is closed, at most."""


class _HandOverFirst(ast.NodeTransformer):
    """Puts a call of ``hand_over`` before each statement of a function."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        if not isinstance(node, ast.Module | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                statements = getattr(node, name, None)
                if isinstance(statements, list):
                    setattr(node, name, [part for each in statements for part in _step(each)])
        return node


def _step(statement: ast.stmt) -> list[ast.stmt]:
    call = ast.Expr(ast.Call(ast.Name("hand_over", ast.Load()), [], []))
    return [ast.copy_location(call, statement), statement]


def instrumented_sender(source: str | None = None) -> ModuleType:
    """Return the module of the sender with a step before each statement of its functions.

    ``source`` is by default that of production code.
    """
    tree = ast.parse(source or inspect.getsource(sender_module))
    _HandOverFirst().visit(tree)
    module = ModuleType("instrumented_sender")
    module.__dict__["hand_over"] = partial(sleep, 0.0)
    code = compile(ast.fix_missing_locations(tree), str(sender_module.__file__), "exec")
    exec(code, module.__dict__)  # noqa: S102  # production code, with steps
    return module


class SenderRace:
    """Two threads hand events over while a third one closes the sender."""

    def __init__(self, parts: WorldParts, module: Any) -> None:
        loop = parts.loop
        self._parts = parts
        self._living: set[SimulatedThread] = set()
        self.most_living = 0
        """How many threads of the sender lived at the same time, at most."""
        module.threading = SimpleNamespace(Thread=self._thread, Lock=SimulatedLock)
        module.asyncio = SimpleNamespace(run=run_coroutine)
        module.Queue, module.monotonic = SimulatedQueue, loop.time
        module.call_after_fork = lambda _: None
        self._sender = module.Sender(self._open, self._connect, lease=LEASE, capacity=2)

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[SimulatedOutbox]:
        yield SimulatedOutbox(self._parts.database)

    def _connect(self) -> SimulatedPublisher:
        return SimulatedPublisher(self._parts.broker)

    def _thread(self, *, target: Any, **options: Any) -> SimulatedThread:
        def counted() -> None:
            self._living.add(thread)
            self.most_living = max(self.most_living, len(self._living))
            target()
            self._living.discard(thread)

        thread = SimulatedThread(target=counted, **options)
        return thread

    async def run(self) -> None:
        """Commit events, let the threads run, and wait until all have ended."""
        numbers = range(1, 2 * EVENTS + 1)
        async with SimulatedUnitOfWork(self._sender, self._parts.database) as transaction:
            for number in numbers:
                await transaction.uow.messagestore.add(numbered_event(number))
            transaction.uow.messagestore.stream_buffer = []
            await transaction.commit()
        threads = [
            SimulatedThread(target=partial(self._hand_over, numbers[0::2]), name="first"),
            SimulatedThread(target=partial(self._hand_over, numbers[1::2]), name="second"),
            SimulatedThread(target=self._close, name="close"),
        ]
        for thread in threads:
            thread.start()
        await asyncio.sleep(LASTS)
        assert not any(thread.is_alive() for thread in threads)
        assert not self._living

    def _hand_over(self, numbers: Any) -> None:
        for number in numbers:
            envelope = MessageSerializer().serialize_message(numbered_event(number))
            run_coroutine(self._sender.send_message_serialized(envelope))

    def _close(self) -> None:
        for _ in range(int(self._parts.loop.tape.between(0, LATEST_CLOSE))):
            sleep(0.0)
        self._sender.close()

    def lost(self) -> set[UUID]:
        """Return the events that are neither queued at the broker nor in the outbox."""
        kept = {key.message_id for key in self._parts.database.outbox}
        kept |= {key.message_id for key in self._parts.broker.copies()}
        return {UUID(int=number) for number in range(1, 2 * EVENTS + 1)} - kept


def race(seed: int, module: ModuleType) -> str:
    """Run the race with this seed; return what went wrong, or an empty string."""
    loop = SeededLoop(RandomTape(seed))
    loop.tape.calm = True
    parts = build_parts(SCENARIOS["smallest"], loop)
    races: list[SenderRace] = []

    async def main() -> None:
        races.append(SenderRace(parts, module))
        await races[0].run()

    with without_logs():
        loop.run_world(main)
        lost, most = races[0].lost(), races[0].most_living
        failure = loop.failure
        loop.dispose()
    if failure is not None:
        return f"a thread ended by {failure!r}"
    if most > 1:
        return f"{most} threads of one sender"
    return f"lost: {sorted(each.int for each in lost)}" if lost else ""
