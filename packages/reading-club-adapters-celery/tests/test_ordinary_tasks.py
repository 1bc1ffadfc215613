"""Ordinary Celery tasks of the outbox, on the in-memory broker."""

from collections.abc import Iterator
from logging import getLogger
from threading import Event
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from kombu.transport.memory import Transport

from reading_club.adapters.eventstream.publisher.publisher import BatchPublisher
from reading_club.adapters.eventstream.testing import outgoing
from reading_club.eventstream.outbox.task_envelope import TASK, task_envelope
from reading_club.eventstream.ports.outbox import OutboxKey, OutboxMessage

NAME = "shop.tasks.ship"


def a_task(queue: str = "shipping", **kwargs: Any) -> OutboxMessage:
    """Return the outbox row of a task."""
    envelope = task_envelope(NAME, [7], kwargs, queue)
    return OutboxMessage(OutboxKey(UUID(envelope["id"])), envelope)


@pytest.fixture
def publisher(memory_app: Celery) -> Iterator[BatchPublisher]:
    """A publisher of events on the in-memory broker."""
    publisher = BatchPublisher(memory_app)
    yield publisher
    publisher.close()


@pytest.fixture
def shop(memory_app: Celery) -> Iterator[Celery]:
    """An application of the same broker that knows nothing of the event stream."""
    app = Celery("shop", broker=memory_app.conf.broker_url, set_as_current=False)
    app.conf.update(task_default_queue="shipping", worker_hijack_root_logger=False)
    level = getLogger().level
    yield app
    app.close()
    getLogger().setLevel(level)  # Celery's test worker has set its own


def test_an_ordinary_worker_receives_the_task_with_its_id(
    shop: Celery, publisher: BatchPublisher
) -> None:
    """Its arguments arrive, and each copy has the id of the outbox row."""
    received: list[tuple[str, int, bool]] = []
    done = Event()

    @shop.task(name=NAME, bind=True, shared=False)
    def ship(self: Any, number: int, *, express: bool) -> None:
        received.append((self.request.id, number, express))
        if len(received) == 2:
            done.set()

    row = a_task(express=True)
    published = [publisher.publish([row]) for _ in range(2)]
    with start_worker(shop, pool="solo", perform_ping_check=False, loglevel="ERROR"):
        assert done.wait(10)

    assert all(set(each.confirmed) == {row.key} for each in published)
    assert received == [(str(row.key.message_id), 7, True)] * 2


def test_a_task_and_an_event_share_a_batch(publisher: BatchPublisher) -> None:
    """Each goes its own way."""
    task, event = a_task(), outgoing()

    published = publisher.publish([task, event])

    assert set(published.confirmed) == {task.key, event.key}
    assert Transport.Channel.queues["shipping"].qsize() == 1


def test_a_task_is_what_celery_itself_would_send(shop: Celery, publisher: BatchPublisher) -> None:
    """Headers, properties and body are those of ``send_task``, but for the content in headers."""
    row = a_task(express=False)
    publisher.publish([row])
    shop.send_task(NAME, [7], {"express": False}, task_id=str(row.key.message_id), queue="shipping")

    ours, theirs = (Transport.Channel.queues["shipping"].get_nowait() for _ in range(2))

    assert ours["body"] == theirs["body"]
    assert ours["headers"]["argsrepr"] == "()"
    differs = {"argsrepr", "kwargsrepr", "origin"}
    assert {k: v for k, v in ours["headers"].items() if k not in differs} == {
        k: v for k, v in theirs["headers"].items() if k not in differs
    }
    assert ours["properties"]["correlation_id"] == theirs["properties"]["correlation_id"]
    assert ours["properties"]["delivery_info"] == {"exchange": "", "routing_key": "shipping"}


def test_an_envelope_that_lost_its_content_fails_alone(publisher: BatchPublisher) -> None:
    """A redacted task has a reason, and the rest of the batch is sent."""
    event, row = outgoing(), a_task()
    broken = OutboxMessage(row.key, {"id": row.envelope["id"], "type": TASK, "payload": "removed"})

    published = publisher.publish([broken, event])

    assert published.failed == {row.key: "it cannot be encoded: KeyError"}
    assert set(published.confirmed) == {event.key}
