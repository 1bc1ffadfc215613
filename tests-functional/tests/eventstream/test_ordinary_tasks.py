"""Ordinary Celery tasks of the outbox, on RabbitMQ and Valkey."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from celery import Celery

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.publisher.publisher import NO_QUEUE, BatchPublisher
from reading_club.eventstream.outbox.task_envelope import task_envelope
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage
from reading_club.testing.polling import eventually

NAME = "shop.tasks.ship"


def a_task() -> OutboxMessage:
    """Return the outbox row of a task."""
    envelope = task_envelope(NAME, [7], {"express": True}, "shipping")
    return OutboxMessage(OutboxKey(UUID(envelope["id"])), envelope)


@pytest.fixture
def publisher(broker_url: str) -> Iterator[BatchPublisher]:
    """A publisher of an application without subscribers."""
    publisher = BatchPublisher(publisher_app(broker_url))
    yield publisher
    publisher.close()


def test_the_task_is_in_the_queue_of_an_ordinary_application(
    broker_url: str, publisher: BatchPublisher
) -> None:
    """Confirmed means queued: with the arguments, and with the id of the outbox row."""
    app: Any = Celery("shop", broker=broker_url, set_as_current=False)
    app.conf.task_default_queue = "shipping"
    row = a_task()
    with app.connection_for_read() as connection:
        queue = app.amqp.queues["shipping"](connection.default_channel)
        queue.declare()

        published = publisher.publish([row])
        message = eventually(lambda: queue.get(no_ack=True))

    assert set(published.confirmed) == {row.key}
    assert message.headers["task"] == NAME
    assert message.headers["id"] == message.properties["correlation_id"] == row.envelope["id"]
    assert message.payload[:2] == [[7], {"express": True}]


@pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
def test_a_task_for_a_queue_that_is_not_there_is_kept(publisher: BatchPublisher) -> None:
    """RabbitMQ returns it, and the row stays in the outbox, without an attempt counted."""
    row = a_task()

    assert publisher.publish([row]).refused == {row.key: NO_QUEUE}
