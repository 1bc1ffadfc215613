"""The Celery applications of publishers and workers: routing, broker options, serialisation.

A publisher gives up within seconds, because the caller keeps the event and tries again; a worker
waits for its broker without limit.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from celery import Celery
from kombu import Queue

from reading_club.adapters.eventstream._celery_app import reconnect_after_forks
from reading_club.adapters.eventstream.broker_url import Broker, BrokerUrl
from reading_club.adapters.eventstream.queues import foreign
from reading_club.adapters.eventstream.topology import (
    EXCHANGE,
    SEND_MESSAGE,
    queue_for,
)
from reading_club.eventstream.subscriber import Subscriber

PUBLISHER_CONNECTIONS: Final = 8
"""Size of the publisher's connection pool, and the default number of a transport's threads."""

VISIBILITY_TIMEOUT: Final = 60
"""Seconds after which Redis delivers an unacknowledged message again, to any worker.

Keep the timeout above the longest handler. A message that is held longer, because the database
is unavailable, is delivered a second time, and takes effect once.
"""

_CONFIRM_TIMEOUT: Final = 2.0
_SOCKET_TIMEOUT: Final = 2.0

_JSON_ONLY: Final[Mapping[str, Any]] = {
    "accept_content": ["json"],
    "result_accept_content": ["json"],
    "task_serializer": "json",
    "result_serializer": "json",
    "event_serializer": "json",
}

_NO_RESULTS: Final[Mapping[str, Any]] = {
    "result_backend": None,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_send_sent_event": False,
    "worker_send_task_events": False,
}

_PUBLISHER_TRANSPORT: Final[Mapping[Broker, Mapping[str, Any]]] = {
    Broker.AMQP: {
        "confirm_publish": True,
        "read_timeout": _SOCKET_TIMEOUT,
        "write_timeout": _SOCKET_TIMEOUT,
    },
    Broker.REDIS: {
        "socket_connect_timeout": _SOCKET_TIMEOUT,
        "socket_timeout": _SOCKET_TIMEOUT,
        "socket_keepalive": True,
        "retry_on_timeout": False,
    },
    Broker.MEMORY: {},
}


REDACTED_REPRS: Final = {"argsrepr": "()", "kwargsrepr": "{}"}
"""Redacted headers: workers log them, and the content stays out of the log."""


class EventRouter:
    """Celery router: the event type is the routing key; declares the known subscribers' queues.

    An event that is published before a worker's first start waits in the worker's queue. A message
    with a bound type is mandatory: an AMQP broker returns it if the queue is gone, instead of
    dropping it.
    """

    def __init__(self, queues: Sequence[Queue]) -> None:
        self.queues = queues
        self._foreign = [foreign(queue) for queue in queues]
        self.bindings = {
            (bound.routing_key, queue.name) for queue in queues for bound in queue.bindings
        }
        self.wanted = {routing_key for routing_key, _ in self.bindings}

    def __call__(
        self, name: str, _args: object, kwargs: Mapping[str, Any], *_: object, **__: object
    ) -> dict[str, Any] | None:
        """Return the publishing options of an event, or None for any other task."""
        if name != SEND_MESSAGE:
            return None
        type_ = kwargs["message"]["type"]
        return {
            "exchange": EXCHANGE.name,
            "routing_key": type_,
            "declare": [EXCHANGE, *self._foreign],
            "mandatory": type_ in self.wanted,
            "confirm_timeout": _CONFIRM_TIMEOUT,
            **REDACTED_REPRS,
        }


def publisher_app(broker_url: str, subscribers: Iterable[Subscriber[Any]] = ()) -> Celery:
    """Return an application that publishes events for these subscribers, and gives up in seconds.

    The first message connects; a forked process opens its own connections. Raises ValueError for an
    unsupported broker URL.
    """
    url = BrokerUrl(broker_url)
    app = Celery("eventstream-publisher", set_as_current=False)
    app.conf.update(
        _JSON_ONLY,
        **_NO_RESULTS,
        broker_url=url,
        broker_connection_timeout=_SOCKET_TIMEOUT,
        broker_heartbeat=0,
        broker_pool_limit=PUBLISHER_CONNECTIONS,
        broker_transport_options={
            # One attempt at each broker; without this option kombu retries until its timeout.
            "max_retries": url.alternatives,
            **_PUBLISHER_TRANSPORT[url.broker],
        },
        task_publish_retry=False,
        task_routes=(EventRouter([queue_for(subscriber) for subscriber in subscribers]),),
    )
    reconnect_after_forks(app)
    return app


def worker_app(
    broker_url: str, subscriber: Subscriber[Any], *, visibility_timeout: int = VISIBILITY_TIMEOUT
) -> Celery:
    """Return an application whose worker consumes the subscriber's queue.

    The worker acknowledges late, prefetches 64 messages for each thread, and waits for its broker
    without limit. ``EventTask.register`` registers the task.
    """
    url, queue = BrokerUrl(broker_url), queue_for(subscriber)
    app = Celery(f"eventstream-{subscriber.name}", set_as_current=False)
    app.conf.update(
        _JSON_ONLY,
        **_NO_RESULTS,
        **_WORKER,
        broker_url=url,
        broker_transport_options=_worker_transport(url.broker, visibility_timeout),
        # Celery also adds a default binding to each queue: make it one that exists.
        task_default_exchange=EXCHANGE.name,
        task_default_exchange_type=EXCHANGE.type,
        task_default_queue=queue.name,
        task_default_routing_key=min(subscriber.types),
        task_queues=(queue,),
    )
    return app


_WORKER: Final[Mapping[str, Any]] = {
    "broker_channel_error_retry": True,
    "broker_connection_max_retries": None,
    "broker_connection_retry_on_startup": True,
    "task_acks_late": True,
    "task_create_missing_queues": False,
    "worker_consumer": "reading_club.adapters.eventstream.worker.consumer:EventConsumer",
    # Quorum queues need a prefetch limit for each consumer. The option's delay queues are
    # left out by the worker's consumer.
    "worker_detect_quorum_queues": True,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    # For each thread: messages prefetched while a batch is handled are the next batch.
    "worker_prefetch_multiplier": 64,
    "worker_redirect_stdouts": False,
}


def _worker_transport(broker: Broker, visibility_timeout: int) -> dict[str, Any]:
    if broker is not Broker.REDIS:
        return {}
    return {
        "visibility_timeout": visibility_timeout,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        # Seconds for which a worker killed during its sweep blocks the sweeps of others.
        "unacked_mutex_expire": 10,
        "socket_connect_timeout": 5.0,
        "socket_timeout": 10.0,
        "socket_keepalive": True,
    }
