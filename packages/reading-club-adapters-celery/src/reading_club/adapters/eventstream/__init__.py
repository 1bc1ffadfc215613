"""The event stream on Celery: transport, publisher, configuration and consumer.

Fakes, fixtures and the contract suites are in ``reading_club.adapters.eventstream.testing``.
"""

from reading_club.adapters.eventstream.app import (
    PUBLISHER_CONNECTIONS,
    VISIBILITY_TIMEOUT,
    publisher_app,
    run_worker,
    worker_app,
)
from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread, open_in_thread
from reading_club.adapters.eventstream.publisher.publisher import PUBLISH_TIMEOUT, BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.stream_app import StreamApp
from reading_club.adapters.eventstream.topology import (
    EXCHANGE,
    SEND_MESSAGE,
    EventRouter,
    Stream,
    Unwanted,
    queue_for,
    queue_name,
)
from reading_club.adapters.eventstream.transport import EventstreamTransport, TaskSender
from reading_club.adapters.eventstream.worker.event_task import EventTask, Resources
from reading_club.adapters.eventstream.worker.pacing import Pacing
from reading_club.adapters.eventstream.worker.run import (
    WorkerOptions,
    run_subscriber,
)
from reading_club.eventstream.ports.inbox import ATTEMPTS
from reading_club.eventstream.unit_of_work_factory import MakeUnitOfWork

__all__ = [
    "ATTEMPTS",
    "EXCHANGE",
    "PUBLISHER_CONNECTIONS",
    "PUBLISH_TIMEOUT",
    "SEND_MESSAGE",
    "VISIBILITY_TIMEOUT",
    "BatchPublisher",
    "EventLoopThread",
    "EventRouter",
    "EventTask",
    "EventstreamTransport",
    "MakeUnitOfWork",
    "Pacing",
    "Resources",
    "Stream",
    "StreamApp",
    "SubscriberQueues",
    "TaskSender",
    "Unwanted",
    "WorkerOptions",
    "open_in_thread",
    "publisher_app",
    "queue_for",
    "queue_name",
    "run_subscriber",
    "run_worker",
    "worker_app",
]
