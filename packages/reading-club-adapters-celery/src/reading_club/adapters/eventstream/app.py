"""The Celery applications of publishers and workers: routing, broker options, serialisation.

A publisher gives up within seconds, because the caller keeps the event and tries again; a worker
waits for its broker without limit. Celery's defaults are JSON alone, no results, no task events,
and on quorum queues a prefetch limit for each consumer.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from celery import Celery

from reading_club.adapters.eventstream._celery_app import only_logging, reconnect_after_forks
from reading_club.adapters.eventstream.broker_url import Broker, BrokerUrl
from reading_club.adapters.eventstream.stream_app import StreamApp
from reading_club.adapters.eventstream.topology import DEFAULT_STREAM, EventRouter, Stream, Unwanted
from reading_club.eventstream.subscriber import Subscriber
from reading_club.eventstream.versions import NO_VERSIONS, Versions

PUBLISHER_CONNECTIONS: Final = 8
"""Size of the publisher's connection pool, and the default number of a transport's threads."""

VISIBILITY_TIMEOUT: Final = 60
"""Seconds after which Redis delivers an unacknowledged message again, to any worker.

Keep the timeout above the longest handler. A message that is held longer, because the database
is unavailable, is delivered a second time, and takes effect once.
"""

_SOCKET_TIMEOUT: Final = 2.0

_PUBLISHER_TRANSPORT: Final[Mapping[Broker, Mapping[str, Any]]] = {
    "amqp": {
        "confirm_publish": True,
        "read_timeout": _SOCKET_TIMEOUT,
        "write_timeout": _SOCKET_TIMEOUT,
    },
    "redis": {
        "socket_connect_timeout": _SOCKET_TIMEOUT,
        "socket_timeout": _SOCKET_TIMEOUT,
        "socket_keepalive": True,
        "retry_on_timeout": False,
    },
}

_WORKER: Final[Mapping[str, Any]] = {
    "broker_channel_error_retry": True,
    "broker_connection_max_retries": None,
    "broker_connection_retry_on_startup": True,
    "task_acks_late": True,
    "task_create_missing_queues": False,
    "task_ignore_result": True,
    "worker_consumer": "reading_club.adapters.eventstream.worker.consumer:EventConsumer",
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    # For each thread: messages prefetched while a batch is handled are the next batch.
    "worker_prefetch_multiplier": 64,
    "worker_redirect_stdouts": False,
}

_REDIS_WORKER: Final[Mapping[str, Any]] = {
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    # Seconds for which a worker killed during its sweep blocks the sweeps of others.
    "unacked_mutex_expire": 10,
    "socket_connect_timeout": 5.0,
    "socket_timeout": 10.0,
    "socket_keepalive": True,
}


def publisher_app(
    broker_url: str,
    subscribers: Iterable[Subscriber[Any, Any]] = (),
    *,
    stream: Stream = DEFAULT_STREAM,
    unwanted: Unwanted = "keep",
    versions: Versions = NO_VERSIONS,
) -> StreamApp:
    """Return an application that publishes events for these subscribers, and gives up in seconds.

    The scheme of ``broker_url`` is ``amqp``, ``redis`` or ``valkey``, with an ``s`` for TLS, or
    ``memory`` within one process. The URLs of a cluster are separated by semicolons. TLS verifies
    certificate and host name, by the authorities of the system or of a file:
    ``amqps://…?cacertfile=PATH``, ``rediss://…?ssl_ca_certs=PATH``.

    ``unwanted`` is for an event from the outbox that none of these subscribers wants, and no other
    queue takes. ``keep``, the default, loses nothing: the event stays in the outbox, is refused
    with a reason, logged once for each type, and tried again each minute until a queue takes it.
    So do events for a single subscriber that is none of these. ``confirm`` lets the broker drop the
    event: choose it for types without subscribers that are published for good, as their rows would
    pile up. An ``EventstreamTransport`` has no outbox: what no queue takes is dropped.

    With ``versions`` a subscriber to a later version alone gets events of the outbox in that one.

    The first message connects; a forked process opens its own connections. Raises ValueError for an
    unsupported broker URL.
    """
    url = BrokerUrl(broker_url)
    queues = [stream.queue_for(subscriber) for subscriber in subscribers]
    app = StreamApp("eventstream-publisher", stream)
    app.conf.update(
        broker_url=BrokerUrl(url.without_tls),
        broker_use_ssl=url.tls,
        broker_connection_timeout=_SOCKET_TIMEOUT,
        broker_heartbeat=0,
        broker_pool_limit=PUBLISHER_CONNECTIONS,
        broker_transport_options={
            # One attempt at each broker; without this option kombu retries until its timeout.
            "max_retries": url.alternatives,
            **_PUBLISHER_TRANSPORT.get(url.broker, {}),
        },
        task_ignore_result=True,
        task_publish_retry=False,
        task_routes=(EventRouter(queues, stream, unwanted, versions),),
    )
    reconnect_after_forks(app)
    return app


def route_to(app: Celery, further: Iterable[Subscriber[Any, Any]]) -> None:
    """Let the app, made by ``publisher_app``, publish for these subscribers beside its own.

    They replace those of the last call. Their queues are declared at the next declaration, within a
    minute on a live connection, and events of their types are mandatory at once. Thread-safe.
    """
    subscribers = list(further)
    for route in (each for each in app.conf.task_routes if isinstance(each, EventRouter)):
        route.set_further([route.stream.queue_for(subscriber) for subscriber in subscribers])


def worker_app(
    broker_url: str,
    subscriber: Subscriber[Any, Any],
    *,
    stream: Stream = DEFAULT_STREAM,
    visibility_timeout: int = VISIBILITY_TIMEOUT,
) -> StreamApp:
    """Return an application whose worker consumes the subscriber's queue.

    The worker acknowledges late. ``EventTask.register`` registers the task.
    """
    url, queue = BrokerUrl(broker_url), stream.queue_for(subscriber)
    redis = {"visibility_timeout": visibility_timeout, **_REDIS_WORKER}
    app = StreamApp(f"eventstream-{subscriber.name}", stream)
    app.conf.update(
        _WORKER,
        broker_url=BrokerUrl(url.without_tls),
        broker_use_ssl=url.tls,
        broker_transport_options=redis if url.broker == "redis" else {},
        # Celery also adds a default binding to each queue: make it one that exists.
        task_default_exchange=stream.exchange,
        task_default_exchange_type=stream.topic.type,
        task_default_queue=queue.name,
        task_default_routing_key=min(subscriber.types),
        task_queues=(queue,),
    )
    return app


def run_worker(app: Celery, *, concurrency: int | None = None, name: str | None = None) -> int:
    """Run the app's worker until it is asked to stop, and return its exit code.

    The pool has ``concurrency`` threads. The worker handles the process's signals: TERM and INT
    finish the running tasks and stop. Events, gossip, mingle and heartbeats between workers are
    off. Celery prints nothing, and configures logging only if the process has not.
    """
    with only_logging():
        worker = app.Worker(
            # Batches need threads of this process. ``solo`` acknowledges on AMQP only when Celery's
            # event loop wakes up, and handles two to four messages a second.
            pool_cls="threads",
            quiet=True,
            concurrency=concurrency,
            hostname=name,
            loglevel=logging.getLogger().level,  # Celery would set a default of its own
            task_events=False,
            without_gossip=True,
            without_heartbeat=True,
            without_mingle=True,
        )
        worker.start()
        return int(worker.exitcode or 0)
