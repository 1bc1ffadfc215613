"""The lives of the simulated processes: web, relay and worker, from their start to a crash."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from uuid import UUID

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.memory import RecordingOutboxTransport
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.outbox.circuit_breaker import BatchReport, CircuitBreaker
from reading_club.eventstream.outbox.relay import Relay
from reading_club.eventstream.outbox.sender import Sender
from reading_club.eventstream.ports.outbox import OutboxStore
from reading_club.eventstream.reconciler import Reconciler
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club_functional.simulation.consumer import SimulatedConsumer
from reading_club_functional.simulation.database import SimulatedOutbox, SimulatedUnitOfWork
from reading_club_functional.simulation.handlers import EVENTS, numbered_event
from reading_club_functional.simulation.invariants import ATTEMPTS
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.publisher import SimulatedPublisher, SimulatedQueues
from reading_club_functional.simulation.threads import SimulatedThread, current_thread, sleep
from reading_club_functional.simulation.world_parts import WorldParts

TResult = TypeVar("TResult")
LEASE = 10.0
RECONCILE_AFTER = 30.0


def backoff(parts: WorldParts) -> Backoff:
    """Return pauses whose jitter comes from the tape."""
    return Backoff(first=0.5, cap=5.0, jitter=lambda: parts.loop.tape.between(0.0, 1.0))


class SimulatedSender(Sender):
    """The sender, with a circuit breaker on the virtual clock."""

    def __init__(self, parts: WorldParts) -> None:
        self._parts = parts
        super().__init__(self._open, self._connect, lease=LEASE, capacity=4)

    def _begin_process(self) -> None:
        super()._begin_process()
        clock = self._parts.loop.time
        self._breaker = CircuitBreaker(backoff(self._parts), clock)
        self._report = BatchReport(self._breaker, "sender")

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[OutboxStore]:
        yield SimulatedOutbox(self._parts.database)

    def _connect(self) -> SimulatedPublisher:
        return SimulatedPublisher(self._parts.broker)


async def web(parts: WorldParts, plan: list[int]) -> None:
    """Commit, or roll back, a transaction for each number of the plan; then stop, or go on idle."""
    tape, sender = parts.loop.tape, SimulatedSender(parts)
    while plan:
        await asyncio.sleep(tape.between(0.0, 2.0))
        number = plan.pop(0)
        rolled_back = tape.chance(parts.scenario.rolled_back)
        try:
            async with SimulatedUnitOfWork(sender, parts.database) as transaction:
                await transaction.uow.messagestore.add(numbered_event(number))
                if rolled_back:
                    parts.invariants.rolled_back.add(UUID(int=number))
                    await transaction.rollback()
                else:
                    await transaction.commit()
        except TransientFailure:
            continue
        if not rolled_back:
            parts.loop.note(f"committed {number}")
            parts.invariants.acknowledged.add(UUID(int=number))
    if tape.chance(0.5):
        SimulatedThread(target=sender.close, name="stop").start()
    await parts.loop.create_future()


async def relay(parts: WorldParts) -> None:
    """Relay events, and reconcile."""
    clock = parts.loop.time
    relay = Relay(
        SimulatedOutbox(parts.database),
        SimulatedPublisher(parts.broker),
        breaker=CircuitBreaker(backoff(parts), clock),
        batch_size=3,
        lease=LEASE,
        poll=6.0,
    )
    reconciler = Reconciler(
        parts.subscribers,
        SimulatedQueues(parts.broker),
        lambda: SimulatedUnitOfWork(RecordingOutboxTransport(), parts.database),
        after=RECONCILE_AFTER,
    )
    relaying = asyncio.ensure_future(relay.run(asyncio.Event()))
    while not relaying.done():
        with suppress(TransientFailure):
            await reconciler.run_once()
        await asyncio.wait([relaying], timeout=RECONCILE_AFTER)
    await relaying


class SimulatedLoopThread(EventLoopThread[UnitOfWorkFactory]):
    """The event loop of a worker, for its threads: the coroutines run as tasks of the loop."""

    def __init__(self, parts: WorldParts) -> None:
        self._parts = parts

    def _make_uow(self) -> StreamUnitOfWork:
        return SimulatedUnitOfWork(RecordingOutboxTransport(), self._parts.database)

    def run(self, work: Callable[[UnitOfWorkFactory], Coroutine[Any, Any, TResult]]) -> TResult:
        """Run the work as a task, while the thread waits."""
        thread = current_thread()
        assert thread is not None
        done = self.start(work)
        done.add_done_callback(lambda _: thread.notify())
        while not done.done():
            thread.wait()
        return done.result()

    def start(
        self, work: Callable[[UnitOfWorkFactory], Coroutine[Any, Any, TResult]]
    ) -> "Future[TResult]":
        """Begin to run the work as a task."""
        future: Future[TResult] = Future()

        async def call() -> None:
            try:
                future.set_result(await work(self._make_uow))
            except Exception as exc:  # noqa: BLE001  # the caller gets it
                future.set_exception(exc)

        self._parts.loop.create_task(call())
        return future


async def worker(parts: WorldParts, subscriber: Subscriber[Any, Any]) -> None:
    """Consume the queue of a subscriber."""
    clock = parts.loop.time
    jittered = Backoff(first=0.1, cap=5.0, jitter=lambda: parts.loop.tape.between(0.0, 1.0))

    def wait(seconds: float) -> bool:
        sleep(seconds)
        return False

    events = EventTask(
        subscriber,
        EVENTS,
        SimulatedLoopThread(parts),
        attempts=ATTEMPTS,
        pacing=Pacing(attempt_pause=1.0, hold=20.0, hold_busy=5.0, backoff=jittered, timer=clock),
        wait=wait,
        clock=parts.database.clock,
    )
    consumer = SimulatedConsumer(parts.broker, subscriber, events)
    parts.consumers[CURRENT.get().name] = consumer
    consumer.disconnect()
    await parts.loop.create_future()
