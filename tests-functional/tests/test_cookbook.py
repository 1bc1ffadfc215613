"""The cookbook's last chapter: a real Celery worker receives the event."""

import asyncio
from collections.abc import Iterator, Mapping
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

from reading_club.adapters.eventstream.transport import EventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import RegisterBook
from reading_club.service.bus import ClubBus
from reading_club.testing.builders import an_isbn
from reading_club_functional.polling import eventually

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
    """A broker in memory, polled every 10 ms."""
    return {
        "broker_url": "memory://",
        "broker_transport_options": {"polling_interval": 0.01},
    }


@pytest.fixture(scope="session")
def celery_worker_parameters() -> Mapping[str, Any]:
    """A worker without Celery's ping task."""
    return {"perform_ping_check": False}


@pytest.fixture
def received(celery_app: Celery, celery_worker: WorkController) -> list[dict[str, Any]]:
    """The messages that the worker's task was called with."""
    messages: list[dict[str, Any]] = []

    @celery_app.task(name="send_message")
    def send_message(message: dict[str, Any]) -> None:
        messages.append(message)

    celery_worker.reload()
    return messages


@pytest.fixture
def transport(celery_app: Celery) -> Iterator[EventstreamTransport]:
    """The event stream on the worker's broker."""
    transport = EventstreamTransport(celery_app)
    yield transport
    transport.close()


async def test_eventstream(
    bus: ClubBus, uow: InMemoryUnitOfWork, received: list[dict[str, Any]]
) -> None:
    """The worker's task is called with the event that the unit of work publishes."""
    command = RegisterBook(title="DDD", author="Eric Evans", isbn=an_isbn(5))

    async with uow as transaction:
        await bus.handle(command, transaction)
        await transaction.commit()
    await asyncio.to_thread(eventually, lambda: received)

    (message,) = received
    assert message["type"] == "book_registered_v1"
    assert loads(message["payload"]) == {
        "id": str(command.id),
        "isbn": command.isbn and command.isbn.canonical,
        "title": "DDD",
        "author": "Eric Evans",
    }
