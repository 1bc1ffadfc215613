"""Declaring and checking the subscribers' queues."""

from typing import Any

import pytest
from celery import Celery
from kombu.transport.memory import Transport

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.testing import on_the_wire
from reading_club.eventstream.errors import EventstreamUnavailable
from reading_club.service.projections import activity
from reading_club.testing.builders import an_event


def test_a_queue_is_empty_until_something_waits_in_it(memory_app: Celery) -> None:
    """Checking consumes no message; a queue that does not exist is empty."""
    queues = SubscriberQueues(memory_app)
    assert queues.is_empty("activity")

    memory_app.send_task("send_message", kwargs={"message": on_the_wire(an_event())})

    assert [queues.is_empty("activity") for _ in range(2)] == [False, False]
    assert queues.is_empty("nobody")


def test_a_binding_that_is_lost_is_put_back(memory_app: Celery) -> None:
    """Declaring restores lost bindings, and keeps existing ones."""
    queues = SubscriberQueues(memory_app)
    queues.declare(activity)
    Transport.global_state.clear()

    for _ in range(2):
        queues.declare(activity)

    with memory_app.connection_for_read() as connection:
        channel: Any = connection.channel()
        bindings = sorted(channel.list_bindings())
    name = "eventstream.activity"
    assert bindings == [(name, "eventstream", type_) for type_ in sorted(activity.types)]


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_is_away_does_not_say(scheme: str, closed_port: int) -> None:
    """An unavailable broker raises EventstreamUnavailable, and the error hides the password."""
    app = publisher_app(f"{scheme}://club:hunter2@127.0.0.1:{closed_port}/0")

    with pytest.raises(EventstreamUnavailable) as failure:
        SubscriberQueues(app).is_empty("activity")

    assert "hunter2" not in str(failure.value)
    app.close()
