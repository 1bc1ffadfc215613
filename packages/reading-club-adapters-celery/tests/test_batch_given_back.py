"""A batch that a stop ends: it is recorded as returned before its messages are requeued."""

from contextlib import suppress
from typing import Any
from unittest.mock import Mock

from celery.exceptions import Reject
from kombu import Message

from reading_club.adapters.eventstream.worker.batching import ARRIVED, Batcher


def what_happened(error: Exception) -> list[str]:
    """Let the handling of a batch of one raise the error; return what its batcher did, in order."""
    done: list[str] = []
    message = Mock(Message, payload=[[], {"message": {"id": "1"}}, {}], headers={ARRIVED: 1.0})
    worker: Any = Mock(
        run_in_pool=lambda work, *args: work(*args),
        call_soon_ack=lambda callback, *args: callback(*args),
        requeue=lambda _: done.append("requeued"),
    )
    receive = Mock(side_effect=error)
    batcher = Batcher(worker, receive, Mock(), before_requeue=lambda _: done.append("recorded"))
    with suppress(ZeroDivisionError):
        batcher.add(message)
    return done


def test_a_batch_that_a_stop_ends_is_recorded_first() -> None:
    """Its redelivery is no sign of a crash: the record is there when the broker has it again."""
    assert what_happened(Reject("the worker is stopping", requeue=True)) == ["recorded", "requeued"]


def test_a_batch_that_fails_otherwise_is_not_recorded() -> None:
    """What an unknown error ends stays a suspect."""
    assert what_happened(ZeroDivisionError()) == ["requeued"]
