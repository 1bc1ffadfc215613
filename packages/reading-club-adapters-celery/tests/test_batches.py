"""Messages that come together are a batch, and nothing waits for company."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.batches import LARGEST_BATCH, Batches


class Message:
    """A message of the broker, which notes what became of it."""

    def __init__(self, name: str) -> None:
        self.payload = [[], {"message": name}, {}]
        self.headers = {"arrived": float(len(name))}
        self.fate: str | None = None
        self.error: Exception | None = None

    def ack_log_error(self, *_: object) -> None:
        """Note the acknowledgement, or raise what is in the way."""
        if self.error is not None:
            raise self.error
        self.fate = "acknowledged"

    def reject_log_error(self, *_: object, requeue: bool) -> None:
        """Note that it goes back."""
        self.fate = "given back" if requeue else "lost"


class Worker:
    """A worker whose pool does what it was given when it is told to."""

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
        """Take a job, and report its result as Celery's pools do."""
        self.jobs.append(lambda: callback(target(*args)))

    def call_soon_ack(self, callback: Callable[..., object], *args: Any) -> None:
        """Do it now."""
        callback(*args)

    def work(self) -> None:
        """Do one job."""
        self.jobs.pop(0)()


class Stage:
    """Batches on a worker, with what was received together, and what was handled alone."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.received: list[list[object]] = []
        self.arrived: list[float] = []
        self.alone: list[Any] = []
        self.answer: bool | Exception = True
        self.batches = Batches(self.worker, self._receive, self.alone.append)

    def _receive(self, messages: Sequence[object], /, *, arrived: float) -> bool:
        self.received.append(list(messages))
        self.arrived.append(arrived)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def add(self, *names: str) -> list[Message]:
        """Let messages come, and return them."""
        messages: list[Any] = [Message(name) for name in names]
        for message in messages:
            self.batches.add(message)
        return messages


def fates(messages: Sequence[Message]) -> list[str | None]:
    """Return what became of the messages."""
    return [message.fate for message in messages]


@pytest.fixture
def stage() -> Stage:
    """An idle worker."""
    return Stage()


def test_nothing_waits_for_company(stage: Stage) -> None:
    """A message that comes to an idle worker is handled at once, and acknowledged afterwards."""
    messages = stage.add("a")
    assert fates(messages) == [None]

    stage.worker.work()

    assert stage.received == [["a"]]
    assert fates(messages) == ["acknowledged"]
    assert stage.worker.jobs == []


def test_what_comes_meanwhile_is_the_next_batch(stage: Stage) -> None:
    """One batch at a time, in the order of the messages."""
    messages = stage.add("a", "b", "c")
    assert len(stage.worker.jobs) == 1

    stage.worker.work()
    assert fates(messages) == ["acknowledged", None, None]
    stage.worker.work()

    assert stage.received == [["a"], ["b", "c"]]
    assert set(fates(messages)) == {"acknowledged"}


def test_a_batch_is_held_since_its_first_message_arrived(stage: Stage) -> None:
    """A message that has waited behind another batch is not held for as long again."""
    stage.add("idle", "later", "now")

    stage.worker.work()
    stage.worker.work()

    assert stage.arrived == [4.0, 3.0]


def test_a_batch_is_bounded(stage: Stage) -> None:
    """However many messages wait."""
    stage.add("first", *map(str, range(LARGEST_BATCH + 1)))

    for _ in range(3):
        stage.worker.work()

    assert [len(batch) for batch in stage.received] == [1, LARGEST_BATCH, 1]


def test_a_batch_that_fails_is_taken_apart(stage: Stage) -> None:
    """Each message goes the way of a task, which acknowledges it; the next batch goes on."""
    stage.answer = False
    messages = stage.add("a", "b")

    stage.worker.work()
    stage.worker.work()

    assert stage.alone == messages
    assert fates(messages) == [None, None]


@pytest.mark.parametrize("error", [Reject("stopping", requeue=True), ZeroDivisionError()])
def test_whatever_happens_no_message_is_lost(stage: Stage, error: Exception) -> None:
    """What could not be handled goes back to its queue, and the worker goes on."""
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
    """The worker connects anew; what could not be acknowledged is not in its hands for ever."""
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
    """The broker delivers it again."""
    stage.add("a", "b")

    stage.batches.abandon()
    stage.worker.work()

    assert stage.received == [["a"]]
    assert stage.worker.jobs == []
