"""A worker on RabbitMQ's quorum queues."""

from collections.abc import Iterator, Sequence
from typing import Any
from unittest.mock import Mock

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from reading_club.adapters.eventstream.app import worker_app
from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import LISTENERS, BatchPublisherFixtures, outgoing
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club_functional.polling import eventually
from reading_club_functional.servers import RabbitMQServer


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    """The messages that the worker has received."""
    return []


@pytest.fixture
def listening(broker_url: str, heard: list[dict[str, Any]]) -> Iterator[Celery]:
    """A worker of the first listener, in a thread of this process."""
    app = worker_app(broker_url, LISTENERS[0])

    def receive_batch(messages: Sequence[dict[str, Any]], **_: float) -> None:
        heard.extend(messages)

    task: Any = app.task(name="send_message", shared=False)(receive_batch)
    task.event_task = Mock(
        receive_batch=receive_batch, pacing=Pacing(), pause=Mock(is_paused=False)
    )
    with start_worker(app, perform_ping_check=False, shutdown_timeout=30):
        yield app


class TestWorker(BatchPublisherFixtures):
    """A worker and a publisher on one broker."""

    @pytest.mark.parametrize("broker_url", ["rabbitmq"], indirect=True)
    def test_a_worker_makes_its_own_queue_and_no_other(
        self,
        listening: Celery,
        publisher: BatchPublisher,
        rabbitmq: RabbitMQServer,
        heard: list[dict[str, Any]],
    ) -> None:
        """The worker gets all events in order, and Celery creates no queues for delayed tasks."""
        events = [outgoing(str(number)) for number in range(20)]

        assert len(publisher.publish(events).confirmed) == 20
        eventually(lambda: len(heard) == 20)

        assert heard == [event.envelope for event in events]
        listed = rabbitmq.rabbitmqctl("list_queues", "--no-table-headers", "name", "type")
        assert set(map(tuple, map(str.split, listed.splitlines()))) == {
            ("eventstream.first", "quorum"),
            ("eventstream.second", "quorum"),
        }
        assert listening.conf.task_acks_late
