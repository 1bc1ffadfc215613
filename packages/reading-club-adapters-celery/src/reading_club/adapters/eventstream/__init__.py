"""The event stream on Celery: transport, configuration and consumer.

Fakes, fixtures and the contract suite are in ``reading_club.adapters.eventstream.testing``.
"""

from reading_club.adapters.eventstream.backoff import Backoff
from reading_club.adapters.eventstream.config import (
    PUBLISHER_CONNECTIONS,
    VISIBILITY_TIMEOUT,
    EventRoute,
    publisher_app,
    worker_app,
)
from reading_club.adapters.eventstream.consumer import Consumer, Resources, UnitOfWorkFactory
from reading_club.adapters.eventstream.loop import LoopThread
from reading_club.adapters.eventstream.topology import (
    EXCHANGE,
    SEND_MESSAGE,
    queue_name,
    queue_of,
)
from reading_club.adapters.eventstream.transport import EventstreamTransport, TaskSender
from reading_club.adapters.eventstream.worker import run_worker

__all__ = [
    "EXCHANGE",
    "PUBLISHER_CONNECTIONS",
    "SEND_MESSAGE",
    "VISIBILITY_TIMEOUT",
    "Backoff",
    "Consumer",
    "EventRoute",
    "EventstreamTransport",
    "LoopThread",
    "Resources",
    "TaskSender",
    "UnitOfWorkFactory",
    "publisher_app",
    "queue_name",
    "queue_of",
    "run_worker",
    "worker_app",
]
