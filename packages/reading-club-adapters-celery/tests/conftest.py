"""Fixtures of tests without a broker."""

import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from celery import Celery
from kombu import pools
from kombu.transport.memory import Transport
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reading_club.adapters.eventstream.app import publisher_app
from reading_club.adapters.eventstream.testing import (
    LISTENERS,
    ConsumerFixture,
    celery_app,
    celery_queue,
    transport,
)
from reading_club.adapters.eventstream.testing.spans import EndedSpans, ids
from reading_club.adapters.eventstream.worker.event_task import EventTask
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.transport import InMemoryEventstreamTransport
from reading_club.adapters.memory.unit_of_work import InMemoryUnitOfWork
from reading_club.domain.messages import EVENTS
from reading_club.eventstream.outbox.backoff import Backoff
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.wire import EventRegistry
from reading_club.service.projections import SUBSCRIBERS, activity
from reading_club.testing.recording_metrics import RecordingMetrics

__all__ = ["celery_app", "celery_queue", "transport"]

NOW = datetime(2024, 2, 3, tzinfo=UTC)


def forget_the_broker() -> None:
    """Clear kombu's state of a process: pooled connections, and queues in memory."""
    pools.reset()
    Transport.global_state.clear()
    Transport.Channel.queues.clear()


@pytest.fixture
def memory_app() -> Iterator[Celery]:
    """A publisher to the club and the listeners on the in-memory broker, empty before and after."""
    forget_the_broker()
    app = publisher_app("memory://", [*SUBSCRIBERS, *LISTENERS])
    yield app
    app.close()
    forget_the_broker()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A bound port that refuses connections."""
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        port: int = refusing.getsockname()[1]
        yield port


@pytest.fixture
def club(database: InMemoryDatabase) -> ConsumerFixture:
    """An in-memory environment for consumers, with an empty database."""
    return ConsumerFixture(
        database, lambda: InMemoryUnitOfWork(InMemoryEventstreamTransport(), database)
    )


@pytest.fixture
def metrics() -> RecordingMetrics:
    """The metrics of consumers."""
    return RecordingMetrics()


@pytest.fixture
def consume(
    club: ConsumerFixture, metrics: RecordingMetrics
) -> Iterator[Callable[[Subscriber[Any, Any]], EventTask]]:
    """A factory of consumers, which are closed after the test."""
    made: list[EventTask] = []

    def make(subscriber: Subscriber[Any, Any]) -> EventTask:
        backoff = Backoff(first=1, cap=4, jitter=lambda: 0.0)
        pacing = Pacing(hold=club.hold, hold_busy=club.hold_busy, backoff=backoff, timer=club.time)
        made.append(
            EventTask(
                subscriber,
                EventRegistry(EVENTS),
                club.resources,
                pacing=pacing,
                wait=club.wait,
                clock=lambda: NOW,
                metrics=metrics,
            )
        )
        return made[-1]

    yield make
    for consumer in made:
        consumer.close()


@pytest.fixture
def consumer(consume: Callable[[Subscriber[Any, Any]], EventTask]) -> EventTask:
    """A consumer for the activity log."""
    return consume(activity)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[EndedSpans]:
    """The spans that have ended, of an SDK that is installed for this test alone."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    def ended(*parents: int) -> Sequence[ReadableSpan]:
        found = exporter.get_finished_spans()
        assert {s.parent and ids(s.parent) for s in found} == {
            (number, number) if number else None for number in parents
        }
        return found

    yield ended
    provider.shutdown()
