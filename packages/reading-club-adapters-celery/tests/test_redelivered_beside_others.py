"""Redelivered messages, which may have killed a worker, are handled beside first deliveries."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from reading_club.adapters.eventstream.worker import consumer
from reading_club.adapters.eventstream.worker.consumer import EventConsumer
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.eventstream.ports.metrics import NO_METRICS


class Pool:
    """A thread pool of the worker's process that runs its jobs when the test does."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], object]] = []

    def apply_async(self, target: Callable[..., object], args: Sequence[Any], **_: object) -> None:
        """Queue a job."""
        self.jobs.append(lambda: target(*args))


class Task:
    """Records the events of first deliveries and those of redelivered messages."""

    metrics = NO_METRICS
    pacing = Pacing(rest=0.0)

    def __init__(self) -> None:
        self.first_deliveries: list[list[object]] = []
        self.suspected: list[object] = []
        self.pause = Mock(is_paused=False)
        self.returned = Mock(**{"key_of.return_value": None})

    def receive_batch(self, events: list[object], **_: object) -> bool:
        """Record events that are delivered for the first time."""
        self.first_deliveries.append(events)
        return True

    def receive(self, event: object, *, suspected: bool, **_: object) -> None:
        """Record an event that may have killed a worker."""
        assert suspected
        self.suspected.append(event)


class Receiver(EventConsumer):
    """The worker's consumer without a broker."""

    connection_errors = ()

    def __init__(self) -> None:
        self.pool = Pool()
        self.task = Task()
        self.app = Mock(tasks={"send_message": Mock(event_task=self.task)})

    def call_soon_ack(self, callback: Callable[..., object], *args: object) -> None:
        """Call the callback at once."""
        callback(*args)


def a_message(name: str, *, redelivered: bool = False, **headers: Any) -> Any:
    """Return a message of an event."""
    message = Mock(delivery_info={"redelivered": redelivered})
    message.headers = {"task": "send_message", "id": name, **headers}
    message.payload = [[], {"message": name}, {}]
    return message


def test_redelivered_messages_are_handled_singly_beside_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Redelivered and attempted messages are handled singly, first deliveries in a batch."""
    again = [a_message(name, redelivered=True) for name in "ab"]
    attempted = a_message("c", attempted=True)
    new = [a_message(name) for name in "xyz"]

    receiver = Receiver()
    monkeypatch.setattr(consumer, "release_prefetch_on_ack_failure", Mock())
    receive = receiver.create_task_handler()
    for message in (*again, attempted, *new):
        receive(message)
    while receiver.pool.jobs:
        assert len(receiver.pool.jobs) <= 2
        receiver.pool.jobs.pop(0)()

    assert receiver.task.suspected == ["a", "b", "c"]
    assert receiver.task.first_deliveries == [["x"], ["y", "z"]]
