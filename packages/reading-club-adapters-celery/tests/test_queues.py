"""Declaring and checking the subscribers' queues."""

from typing import Any

import pytest
from celery import Celery
from kombu.transport.memory import Transport

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing import LISTENERS, PARCEL_SENT, outgoing
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.eventstream.outside import OutsideSubscriber


def test_a_queue_is_empty_until_something_waits_in_it(memory_app: Celery) -> None:
    """Checking consumes no message; a queue that does not exist is empty."""
    queues = SubscriberQueues(memory_app)
    assert queues.is_empty("first")

    memory_app.send_task("send_message", kwargs={"message": dict(outgoing().envelope)})

    assert [queues.is_empty("first") for _ in range(2)] == [False, False]
    assert queues.is_empty("third")


def test_a_binding_that_is_lost_is_put_back(memory_app: Celery) -> None:
    """Declaring restores lost bindings, and keeps existing ones."""
    queues = SubscriberQueues(memory_app)
    queues.declare(LISTENERS[0])
    Transport.global_state.clear()

    for _ in range(2):
        queues.declare(LISTENERS[0])

    with memory_app.connection_for_read() as connection:
        channel: Any = connection.channel()
        bindings = sorted(channel.list_bindings())
    name = "eventstream.first"
    assert bindings == [(name, "eventstream", type_) for type_ in sorted(LISTENERS[0].types)]


def test_a_queue_is_deleted_with_its_messages(memory_app: Celery) -> None:
    """Also by a process that has not declared it; other queues stay. Twice does no harm."""
    memory_app.send_task("send_message", kwargs={"message": dict(outgoing().envelope)})
    queues = SubscriberQueues(memory_app)

    for _ in range(2):
        queues.delete(LISTENERS[0])

    assert queues.is_empty("first")
    assert not queues.is_empty("second")


def test_a_queue_is_emptied_and_is_bound_afterwards(memory_app: Celery) -> None:
    """Later events arrive; the queues of other subscribers keep their messages."""
    queues, message = SubscriberQueues(memory_app), dict(outgoing().envelope)
    memory_app.send_task("send_message", kwargs={"message": message})

    queues.empty(LISTENERS[0])

    assert queues.is_empty("first")
    assert not queues.is_empty("second")
    memory_app.send_task("send_message", kwargs={"message": message})
    assert not queues.is_empty("first")


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_an_unavailable_broker_does_not_say_whether_a_queue_is_empty(
    scheme: str, closed_port: int
) -> None:
    """An unavailable broker raises EventstreamUnavailable, and the error hides the password."""
    app = publisher_app(f"{scheme}://club:hunter2@127.0.0.1:{closed_port}/0")

    with pytest.raises(EventstreamUnavailable) as failure:
        SubscriberQueues(app).is_empty("first")

    assert "hunter2" not in str(failure.value)
    app.close()


def test_a_queue_is_inspected_and_left_as_it_is(memory_app: Celery) -> None:
    """One that does not exist is not made; of another one the messages are counted."""
    queues = SubscriberQueues(memory_app)
    before, again = queues.inspect(LISTENERS[0]), queues.inspect(LISTENERS[0])

    memory_app.send_task("send_message", kwargs={"message": dict(outgoing().envelope)})
    after = queues.inspect(LISTENERS[0])

    assert (before.exists, again.exists) == (False, False)
    assert (after.name, after.exists, after.messages) == ("eventstream.first", True, 1)
    assert (after.consumers, after.missing_bindings, after.refusal) == (None, [], "")


def test_missing_bindings_are_told(memory_app: Celery) -> None:
    """On a broker that tells them: a subscriber whose handlers have grown is one case."""
    queues = SubscriberQueues(memory_app)
    queues.declare(LISTENERS[0])

    grown = queues.inspect(OutsideSubscriber("first", {PARCEL_SENT, "parcel_lost_v1"}))

    assert (grown.exists, grown.missing_bindings) == (True, ["parcel_lost_v1"])
