"""Batching in the worker: waiting messages are a batch, an idle worker starts at once."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH, Batcher


class Message:
    """A message that records whether it was acknowledged or rejected."""

    def __init__(self, name: str) -> None:
        self.payload = [[], {"message": name}, {}]
        self.headers = {"arrived": float(len(name))}
        self.fate: str | None = None
        self.error: Exception | None = None

    def ack_log_error(self, *_: object) -> None:
        """Record the acknowledgement, or raise ``error``."""
        if self.error is not None:
            raise self.error
        self.fate = "acknowledged"

    def reject_log_error(self, *_: object, requeue: bool) -> None:
        """Record the rejection."""
        self.fate = "given back" if requeue else "lost"


class Worker:
    """A worker whose pool runs its jobs when the test calls ``work``."""

    connection_errors = ()

    def __init__(self) -> None:
        self.pool = self
        self.jobs: list[Callable[[], object]] = []

    def apply_async(
        self,
        target: Callable[..., object],
        args: Sequence[Any],
        callback: Callable[[object], object],
    ) -> None:
        """Queue a job that reports its result to the callback, as Celery's pools do."""
        self.jobs.append(lambda: callback(target(*args)))

    def call_soon_ack(self, callback: Callable[..., object], *args: Any) -> None:
        """Call the callback at once."""
        callback(*args)

    def work(self) -> None:
        """Run the next job."""
        self.jobs.pop(0)()


class Stage:
    """Batching on a fake worker; records batches and single messages."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.received: list[list[object]] = []
        self.arrived: list[float] = []
        self.alone: list[Any] = []
        self.answer: bool | Exception = True
        self.batches = Batcher(self.worker, self._receive, self.alone.append)

    def _receive(self, messages: Sequence[object], /, *, arrived: float) -> bool:
        self.received.append(list(messages))
        self.arrived.append(arrived)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def add(self, *names: str) -> list[Message]:
        """Deliver messages, and return them."""
        messages: list[Any] = [Message(name) for name in names]
        for message in messages:
            self.batches.add(message)
        return messages


def fates(messages: Sequence[Message]) -> list[str | None]:
    """Return how each message ended."""
    return [message.fate for message in messages]


@pytest.fixture
def stage() -> Stage:
    """Batching on an idle worker."""
    return Stage()


def test_nothing_waits_for_company(stage: Stage) -> None:
    """An idle worker handles a message at once, and acknowledges it afterwards."""
    messages = stage.add("a")
    assert fates(messages) == [None]

    stage.worker.work()

    assert stage.received == [["a"]]
    assert fates(messages) == ["acknowledged"]
    assert stage.worker.jobs == []


def test_what_comes_meanwhile_is_the_next_batch(stage: Stage) -> None:
    """One batch runs at a time; messages that arrive meanwhile are the next, in order."""
    messages = stage.add("a", "b", "c")
    assert len(stage.worker.jobs) == 1

    stage.worker.work()
    assert fates(messages) == ["acknowledged", None, None]
    stage.worker.work()

    assert stage.received == [["a"], ["b", "c"]]
    assert set(fates(messages)) == {"acknowledged"}


def test_a_batch_is_held_since_its_first_message_arrived(stage: Stage) -> None:
    """The holding time of a batch starts at the arrival of its oldest message."""
    stage.add("idle", "later", "now")

    stage.worker.work()
    stage.worker.work()

    assert stage.arrived == [4.0, 3.0]


def test_a_batch_is_bounded(stage: Stage) -> None:
    """A batch has at most LARGEST_BATCH messages."""
    stage.add("first", *map(str, range(LARGEST_BATCH + 1)))

    for _ in range(3):
        stage.worker.work()

    assert [len(batch) for batch in stage.received] == [1, LARGEST_BATCH, 1]


def test_a_batch_that_fails_is_taken_apart(stage: Stage) -> None:
    """Each message of a failed batch becomes a task, and the next batch runs."""
    stage.answer = False
    messages = stage.add("a", "b")

    stage.worker.work()
    stage.worker.work()

    assert stage.alone == messages
    assert fates(messages) == [None, None]


@pytest.mark.parametrize("error", [Reject("stopping", requeue=True), ZeroDivisionError()])
def test_whatever_happens_no_message_is_lost(stage: Stage, error: Exception) -> None:
    """Messages of a batch that raises are requeued, and the next batch runs."""
    stage.answer = error
    messages = stage.add("a", "b")

    for _ in messages:
        if isinstance(error, Reject):
            stage.worker.work()
        else:
            with pytest.raises(ZeroDivisionError):
                stage.worker.work()

    assert set(fates(messages)) == {"given back"}


def test_a_connection_that_is_lost_is_told_when_every_message_had_its_turn(stage: Stage) -> None:
    """A failed ack raises after all other messages are acknowledged; batching goes on."""
    messages = stage.add("a", "b", "c")
    stage.worker.work()
    messages[1].error = ConnectionResetError()

    with pytest.raises(ConnectionResetError):
        stage.worker.work()

    assert fates(messages) == ["acknowledged", None, "acknowledged"]
    assert stage.add("d")
    stage.worker.work()
    assert stage.received[-1] == ["d"]


def test_what_waits_when_the_connection_is_lost_is_forgotten(stage: Stage) -> None:
    """Waiting messages are dropped after a lost connection: the broker redelivers them."""
    stage.add("a", "b")

    stage.batches.abandon()
    stage.worker.work()

    assert stage.received == [["a"]]
    assert stage.worker.jobs == []
