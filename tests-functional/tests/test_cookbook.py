"""The cookbook's last chapter: a real Celery worker receives the event."""

from collections.abc import Mapping
from json import loads
from typing import Any

import pytest
from celery import Celery
from celery.contrib.pytest import (
    celery_app,
    celery_class_tasks,
    celery_enable_logging,
    celery_includes,
    celery_parameters,
    celery_worker,
    celery_worker_pool,
    use_celery_app_trap,
)
from celery.worker import WorkController
from lastuuid import uuid7

from reading_club.adapters.eventstream import EventstreamTransport
from reading_club.domain.messages import RegisterBook
from reading_club.service.bus import ClubBus
from reading_club.testing import InMemoryUnitOfWork, an_isbn
from reading_club_functional.polling import eventually_async

__all__ = [
    "celery_app",
    "celery_class_tasks",
    "celery_enable_logging",
    "celery_includes",
    "celery_parameters",
    "celery_worker",
    "celery_worker_pool",
    "use_celery_app_trap",
]


@pytest.fixture(scope="session")
def celery_config() -> Mapping[str, Any]:
    """A broker in memory, asked often."""
    return {
        "broker_url": "memory://",
        "broker_transport_options": {"polling_interval": 0.01},
    }


@pytest.fixture(scope="session")
def celery_worker_parameters() -> Mapping[str, Any]:
    """A worker without the task that only looks whether it answers."""
    return {"perform_ping_check": False}


async def test_eventstream(bus: ClubBus, celery_app: Celery, celery_worker: WorkController) -> None:
    """What the unit of work publishes is what the worker's task is called with."""
    received: list[dict[str, Any]] = []

    @celery_app.task(name="send_message")
    def send_message(message: dict[str, Any]) -> None:
        received.append(message)

    celery_worker.reload()
    command = RegisterBook(id=uuid7(), title="DDD", author="Eric Evans", isbn=an_isbn(5))
    transport = EventstreamTransport(celery_app)

    async with InMemoryUnitOfWork(transport) as transaction:
        await bus.handle(command, transaction)
        await transaction.commit()

    async def arrived() -> bool:
        return bool(received)

    await eventually_async(arrived)
    transport.close()
    (message,) = received
    assert message["type"] == "book_registered_v1"
    assert loads(message["payload"]) == {
        "id": str(command.id),
        "isbn": command.isbn.canonical,
        "title": "DDD",
        "author": "Eric Evans",
    }
