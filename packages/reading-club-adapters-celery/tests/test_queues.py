"""What waits in a queue."""

import pytest
from celery import Celery

from reading_club.adapters.eventstream import SubscriberQueues, publisher_app
from reading_club.adapters.eventstream.testing import on_the_wire
from reading_club.service.errors import EventstreamUnavailable
from reading_club.testing import an_event


def test_a_queue_is_empty_until_something_waits_in_it(memory_app: Celery) -> None:
    """Looking takes nothing away, and a queue that is not there is empty."""
    queues = SubscriberQueues(memory_app)
    assert queues.is_empty("activity")

    memory_app.send_task("send_message", kwargs={"message": on_the_wire(an_event())})

    assert [queues.is_empty("activity") for _ in range(2)] == [False, False]
    assert queues.is_empty("nobody")


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_is_away_does_not_say(scheme: str, closed_port: int) -> None:
    """It is no empty queue, and the error shows no password."""
    app = publisher_app(f"{scheme}://club:hunter2@127.0.0.1:{closed_port}/0")

    with pytest.raises(EventstreamUnavailable) as failure:
        SubscriberQueues(app).is_empty("activity")

    assert "hunter2" not in str(failure.value)
    app.close()
