"""Between two batches a worker rests: what arrives meanwhile is one batch, of a limited size."""

from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from reading_club.adapters.eventstream.testing.batching import BatchingFixture, Message, Worker
from reading_club.adapters.eventstream.worker.batching import LARGEST_BATCH, Batcher
from reading_club.adapters.eventstream.worker.consumption import batchers_of
from reading_club.adapters.eventstream.worker.pacing import Pacing


def test_a_worker_rests_between_two_batches() -> None:
    """What arrives in a rest is one batch; after it a message begins at once."""
    batching = BatchingFixture(rest=0.5)
    batching.add("a", "b")
    batching.worker.work()
    batching.add("c")
    assert batching.worker.jobs == []

    assert batching.worker.time_passes() == [0.5]
    batching.worker.work()
    assert batching.worker.time_passes() == [0.5]
    batching.add("d")
    batching.worker.work()

    assert batching.received == [["a"], ["b", "c"], ["d"]]


def test_no_rest_before_a_full_batch() -> None:
    """A full batch begins at once, whether it waits at the end of one or fills up in the rest."""
    batching = BatchingFixture(rest=0.5)
    batching.add("first", *map(str, range(LARGEST_BATCH)))
    batching.worker.work()
    batching.worker.work()
    assert len(batching.worker.timers) == 1

    batching.add(*map(str, range(LARGEST_BATCH)))
    batching.worker.work()

    assert [len(batch) for batch in batching.received] == [1, LARGEST_BATCH, LARGEST_BATCH]


@pytest.mark.parametrize("end", [Batcher.hold, Batcher.abandon, Batcher.take_waiting])
def test_the_end_of_a_rest_begins_no_batch_that_may_not(end: Callable[[Batcher], object]) -> None:
    """In a rest a batcher can be held, and what waits can be taken from it."""
    batching = BatchingFixture(rest=0.5)
    batching.add("a", "b")
    batching.worker.work()
    end(batching.batcher)

    batching.worker.time_passes()

    assert batching.worker.jobs == []


def test_a_connection_rests_but_not_for_suspected_messages() -> None:
    """A connection's batches rest as its worker's pacing says; suspected messages need no rest."""
    worker: Any = Worker()
    events: Any = Mock(pacing=Pacing(rest=0.25))
    batchers = batchers_of(worker, events, Mock())

    for batcher in batchers.values():
        message: Any = Message("a")
        batcher.add(message)
        worker.work()

    assert worker.time_passes() == [0.25]


def test_a_batch_is_as_large_as_the_pacing_says() -> None:
    """Suspected messages are handled one at a time nevertheless."""
    worker: Any = Worker()
    events: Any = Mock(pacing=Pacing(rest=0.0, largest_batch=2))
    for batcher in batchers_of(worker, events, Mock()).values():
        for name in "abcd":
            message: Any = Message(name)
            batcher.add(message)
    while worker.jobs:
        worker.work()

    sizes = [len(call.args[0]) for call in events.receive_batch.call_args_list]
    assert sizes == [1, 2, 1]
    assert [len(call.args) for call in events.receive.call_args_list] == [1] * 4
