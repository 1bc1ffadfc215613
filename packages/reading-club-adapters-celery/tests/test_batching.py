"""Batching in the worker: waiting messages are a batch, an idle worker starts at once."""

from collections.abc import Sequence

import pytest
from celery.exceptions import Reject

from reading_club.adapters.eventstream.testing.batching import BatchingFixture, Message
from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH


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
