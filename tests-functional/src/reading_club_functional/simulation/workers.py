"""The life of a simulated worker, from its start to a crash."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.eventstream.worker.pausing import FIRST_TIMEOUT, PauseWatcher
from reading_club.adapters.memory import RecordingOutboxTransport
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.unit_of_work import StreamUnitOfWork, UnitOfWorkFactory
from reading_club_functional.simulation.consumer import SimulatedConsumer
from reading_club_functional.simulation.database import SimulatedUnitOfWork
from reading_club_functional.simulation.handlers import EVENTS
from reading_club_functional.simulation.processes import CURRENT
from reading_club_functional.simulation.scenarios import ATTEMPTS
from reading_club_functional.simulation.stopping import StopSignal
from reading_club_functional.simulation.threads import (
    SimulatedFuture,
    SimulatedThread,
    current_thread,
)
from reading_club_functional.simulation.world_parts import WorldParts

TResult = TypeVar("TResult")


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
        future = SimulatedFuture[TResult]()

        async def call() -> None:
            try:
                future.set_result(await work(self._make_uow))
            except Exception as exc:  # noqa: BLE001  # the caller gets it
                future.set_exception(exc)

        self._parts.loop.create_task(call())
        return future

    def repeat(
        self, work: Callable[[UnitOfWorkFactory], Coroutine[Any, Any, None]], interval: float
    ) -> None:
        """Run the work after each interval, as long as the process lives."""

        async def repeated() -> None:
            while True:
                await asyncio.sleep(interval)
                await work(self._make_uow)

        self._parts.loop.create_task(repeated())


async def _asked(parts: WorldParts, pause: PauseWatcher, subscriber: str) -> None:
    """Return when the database has said whether the subscriber is paused, or the worker goes on."""
    answered, began = asyncio.Event(), parts.loop.time()
    paused = parts.database.pauses.get(subscriber)

    def ask() -> None:
        pause.start()
        answered.set()

    SimulatedThread(target=ask, name="pause").start()
    await answered.wait()
    knows = pause.is_paused or pause.is_failing or parts.loop.time() - began >= FIRST_TIMEOUT
    if paused and not knows and parts.database.pauses.get(subscriber) == paused:
        parts.invariants.violated("a pause is obeyed", f"{subscriber} starts as if there were none")


async def worker(parts: WorldParts, subscriber: Subscriber[Any, Any]) -> None:
    """Consume the queue of a subscriber."""
    clock = parts.loop.time
    jittered = Backoff(first=0.1, cap=5.0, jitter=lambda: parts.loop.tape.between(0.0, 1.0))

    signal = StopSignal()
    if parts.scenario.older and parts.loop.tape.chance(parts.scenario.older):
        parts.older.append(CURRENT.get())
        subscriber = Subscriber(subscriber.name)  # without its handler
    events = EventTask(
        subscriber,
        EVENTS,
        SimulatedLoopThread(parts),
        attempts=ATTEMPTS,
        pacing=Pacing(
            attempt_pause=1.0,
            hold=parts.scenario.hold,
            hold_busy=parts.scenario.hold_busy,
            largest_batch=parts.scenario.largest_batch,
            backoff=jittered,
            timer=clock,
        ),
        wait=signal.wait,
        clock=parts.database.clock,
    )
    consumer = SimulatedConsumer(parts.broker, subscriber, events, signal)
    parts.consumers[CURRENT.get().name] = consumer
    if parts.scenario.with_pauses:
        await _asked(parts, events.pause, subscriber.name)
    consumer.disconnect()
    await parts.loop.create_future()
