"""Batching on a fake worker, whose pool and timer are the test's."""

from collections.abc import Callable, Sequence
from typing import Any

from reading_club.adapters.eventstream.worker.batching import Batcher


class Message:
    """A message that records whether it was acknowledged or requeued."""

    def __init__(self, name: str) -> None:
        self.payload = [[], {"message": name}, {}]
        self.headers = {"arrived": float(len(name))}
        self.outcome: str | None = None
        self.error: Exception | None = None

    def ack_log_error(self, *_: object) -> None:
        """Record the acknowledgement, or raise ``error``."""
        if self.error is not None:
            raise self.error
        self.outcome = "acknowledged"


class Worker:
    """A worker whose pool runs its jobs when the test calls ``work``."""

    connection_errors: tuple[type[BaseException], ...] = ()

    @staticmethod
    def requeue(message: Message) -> None:
        """Record that the message returns to its queue."""
        message.outcome = "requeued"

    def __init__(self) -> None:
        self.jobs: list[Callable[[], object]] = []
        self.timers: list[tuple[float, Callable[[], object]]] = []

    def run_in_pool(self, work: Callable[..., object], *args: object) -> None:
        """Queue a job."""
        self.jobs.append(lambda: work(*args))

    def call_soon_ack(self, callback: Callable[..., object], *args: Any) -> None:
        """Call the callback at once."""
        callback(*args)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> None:
        """Keep the callback until ``time_passes``."""
        self.timers.append((seconds, callback))

    def time_passes(self) -> list[float]:
        """Call what was to be called later; return after how many seconds each."""
        timers, self.timers = self.timers, []
        for _, callback in timers:
            callback()
        return [seconds for seconds, _ in timers]

    def work(self) -> None:
        """Run the next job."""
        self.jobs.pop(0)()


class BatchingFixture:
    """Batching on a fake worker; records batches and single messages."""

    def __init__(self, rest: float = 0.0) -> None:
        self.worker = Worker()
        self.received: list[list[object]] = []
        self.arrived: list[float] = []
        self.alone: list[object] = []
        self.answer: bool | Exception = True
        self.batcher = Batcher(self.worker, self._receive, self._receive_alone, rest=rest)

    def _receive_alone(self, message: object, *, arrived: float) -> None:
        self.alone.append((message, arrived))

    def _receive(self, messages: Sequence[object], *, arrived: float) -> bool:
        self.received.append(list(messages))
        self.arrived.append(arrived)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def add(self, *names: str) -> list[Message]:
        """Deliver messages, and return them."""
        messages: list[Any] = [Message(name) for name in names]
        for message in messages:
            self.batcher.add(message)
        return messages
