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
from reading_club.adapters.eventstream.event_loop_thread import EventLoopThread
from reading_club.adapters.eventstream.publisher.publisher import PUBLISH_TIMEOUT, BatchPublisher
from reading_club.adapters.eventstream.queues import SubscriberQueues
from reading_club.adapters.eventstream.topology import (
    EXCHANGE,
    SEND_MESSAGE,
    EventRouter,
    queue_for,
    queue_name,
)
from reading_club.adapters.eventstream.transport import EventstreamTransport, TaskSender
from reading_club.adapters.eventstream.worker.event_task import EventTask, Pacing, Resources
from reading_club.eventstream.ports.inbox import ATTEMPTS

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
    "Pacing",
    "Resources",
    "SubscriberQueues",
    "TaskSender",
    "publisher_app",
    "queue_for",
    "queue_name",
    "run_worker",
    "worker_app",
]
