"""Two streams on one virtual host of RabbitMQ, and in one database of Valkey."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Any
from unittest.mock import Mock

from celery.contrib.testing.worker import start_worker

from reading_club.adapters.eventstream import (
    BatchPublisher,
    Stream,
    StreamApp,
    publisher_app,
    worker_app,
)
from reading_club.adapters.eventstream.testing import LISTENERS, outgoing
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club_functional.polling import eventually

STREAMS = (Stream(), Stream("orders", "handle_order", "shop"))


def a_worker(broker_url: str, stream: Stream, received: list[Any]) -> StreamApp:
    """Return the application of a worker that appends the first listener's messages."""
    app = worker_app(broker_url, LISTENERS[0], stream=stream)

    def receive_batch(messages: Sequence[Any], **_: float) -> None:
        received.extend(messages)

    def refuse(message: object, _: Exception) -> None:
        received.append(message)

    task: Any = app.task(name=stream.task, shared=False)(receive_batch)
    task.event_task = Mock(
        receive_batch=receive_batch, refuse=refuse, pacing=Pacing(), pause=Mock(is_paused=False)
    )
    return app


def test_workers_of_two_streams_get_the_events_of_their_own(broker_url: str) -> None:
    """Subscribers of the same name on one broker: each gets its own stream's events, in order."""
    received: dict[Stream, list[Any]] = {stream: [] for stream in STREAMS}
    sent = {stream: [outgoing(str(number)) for number in range(20)] for stream in STREAMS}
    with ExitStack() as open_until_end:
        for stream in STREAMS:
            app = open_until_end.enter_context(
                closing(publisher_app(broker_url, LISTENERS, stream=stream))
            )
            publisher = open_until_end.enter_context(closing(BatchPublisher(app)))
            assert len(publisher.publish(sent[stream]).confirmed) == 20
        for stream in STREAMS:
            worker = a_worker(broker_url, stream, received[stream])
            open_until_end.enter_context(
                start_worker(worker, perform_ping_check=False, shutdown_timeout=30)
            )
        eventually(lambda: all(len(messages) >= 20 for messages in received.values()))

    for stream in STREAMS:
        assert received[stream] == [event.envelope for event in sent[stream]]
