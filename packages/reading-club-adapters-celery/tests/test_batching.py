"""Batching in the worker: waiting messages are a batch, an idle worker starts at once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH, Batcher


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

    def run_in_pool(self, work: Callable[..., object], *args: object) -> None:
        """Queue a job."""
        self.jobs.append(lambda: work(*args))

    def call_soon_ack(self, callback: Callable[..., object], *args: Any) -> None:
        """Call the callback at once."""
        callback(*args)

    def work(self) -> None:
        """Run the next job."""
        self.jobs.pop(0)()


class BatchingFixture:
    """Batching on a fake worker; records batches and single messages."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.received: list[list[object]] = []
        self.arrived: list[float] = []
        self.alone: list[object] = []
        self.answer: bool | Exception = True
        self.batcher = Batcher(self.worker, self._receive, self._receive_alone)

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


def outcomes(messages: Sequence[Message]) -> list[str | None]:
    """Return how each message ended."""
    return [message.outcome for message in messages]


@pytest.fixture
def batching() -> BatchingFixture:
    """Batching on an idle worker."""
    return BatchingFixture()


def test_an_idle_worker_handles_a_message_at_once(batching: BatchingFixture) -> None:
    """An idle worker handles a message at once, and acknowledges it afterwards."""
    messages = batching.add("a")
    assert outcomes(messages) == [None]

    batching.worker.work()

    assert batching.received == [["a"]]
    assert outcomes(messages) == ["acknowledged"]
    assert batching.worker.jobs == []


def test_messages_that_arrive_meanwhile_are_the_next_batch(batching: BatchingFixture) -> None:
    """One batch runs at a time; messages that arrive meanwhile are the next, in order."""
    messages = batching.add("a", "b", "c")
    assert len(batching.worker.jobs) == 1

    batching.worker.work()
    assert outcomes(messages) == ["acknowledged", None, None]
    batching.worker.work()

    assert batching.received == [["a"], ["b", "c"]]
    assert set(outcomes(messages)) == {"acknowledged"}


def test_a_batch_is_held_since_its_first_message_arrived(batching: BatchingFixture) -> None:
    """The holding time of a batch starts at the arrival of its oldest message."""
    batching.add("idle", "later", "now")

    batching.worker.work()
    batching.worker.work()

    assert batching.arrived == [4.0, 3.0]


def test_a_batch_is_bounded(batching: BatchingFixture) -> None:
    """A batch has at most LARGEST_BATCH messages."""
    batching.add("first", *map(str, range(LARGEST_BATCH + 1)))

    for _ in range(3):
        batching.worker.work()

    assert [len(batch) for batch in batching.received] == [1, LARGEST_BATCH, 1]


def test_each_message_of_a_failed_batch_is_handled_alone(batching: BatchingFixture) -> None:
    """Each message of a failed batch is handled and acknowledged alone, beside the next batch."""
    batching.answer = False
    messages = batching.add("first", "a", "bb")

    batching.worker.work()
    assert outcomes(messages) == [None] * 3
    while batching.worker.jobs:
        batching.worker.work()

    assert batching.received == [["first"], ["a", "bb"]]
    assert sorted(map(str, batching.alone)) == ["('a', 1.0)", "('bb', 2.0)", "('first', 5.0)"]
    assert set(outcomes(messages)) == {"acknowledged"}


@pytest.mark.parametrize("error", [Reject("stopping", requeue=True), ZeroDivisionError()])
def test_messages_of_a_batch_that_raises_are_requeued(
    batching: BatchingFixture, error: Exception
) -> None:
    """Messages of a batch that raises are requeued, and the next batch runs."""
    batching.answer = error
    messages = batching.add("a", "b")

    for _ in messages:
        if isinstance(error, Reject):
            batching.worker.work()
        else:
            with pytest.raises(ZeroDivisionError):
                batching.worker.work()

    assert set(outcomes(messages)) == {"requeued"}


def test_a_failed_ack_raises_after_all_other_acks(batching: BatchingFixture) -> None:
    """A failed ack raises after all other messages are acknowledged; batching goes on."""
    messages = batching.add("a", "b", "c")
    batching.worker.work()
    messages[1].error = ConnectionResetError()

    with pytest.raises(ConnectionResetError):
        batching.worker.work()

    assert outcomes(messages) == ["acknowledged", None, "acknowledged"]
    assert batching.add("d")
    batching.worker.work()
    assert batching.received[-1] == ["d"]


def test_waiting_messages_are_dropped_with_their_connection(batching: BatchingFixture) -> None:
    """Waiting messages are dropped after a lost connection: the broker redelivers them."""
    batching.add("a", "b")

    batching.batcher.abandon()
    batching.worker.work()

    assert batching.received == [["a"]]
    assert batching.worker.jobs == []
