"""Faults of RabbitMQ and of Valkey."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

from kombu import Connection
from redis import Redis

from reading_club.adapters.eventstream.topology import EXCHANGE, queue_name
from reading_club_functional import outages
from reading_club_functional.cluster import SUBSCRIBER_NAMES
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.outages import Outage
from reading_club_functional.queues import flush, purge
from reading_club_functional.servers import RabbitMQServer

EVENT = "book_registered_v1"
FULL = '{"max-length": 1, "overflow": "reject-publish"}'
CHANGE_LOGIN = """
    ok = rabbit_auth_backend_internal:change_password(<<"guest">>, <<"{}">>, <<"tests">>),
    [rabbit_networking:close_connection(Pid, "tests") || Pid <- rabbit_networking:connections()].
"""


def of_outage(outage: Outage) -> Fault:
    """Return an outage of the broker as a fault."""

    @contextmanager
    def fault(target: Target, _: Random) -> Iterator[None]:
        with outage(target.broker):
            yield

    return fault


@contextmanager
def rabbitmq_killed(target: Target, random: Random) -> Iterator[None]:
    """The broker is killed by SIGKILL, after new queues have reached the disk."""
    rabbitmq(target).flush_to_disk()
    with of_outage(outages.killed)(target, random):
        yield


@contextmanager
def purged(target: Target, random: Random) -> Iterator[None]:
    """The queue of one subscriber loses its messages."""
    purge(target.broker.url, random.choice(SUBSCRIBER_NAMES))
    yield


@contextmanager
def deleted(target: Target, random: Random) -> Iterator[None]:
    """The queue of one subscriber is deleted, with its bindings."""
    with channel(target) as at_broker:
        at_broker.queue_delete(queue_name(random.choice(SUBSCRIBER_NAMES)))
    yield


@contextmanager
def unbound(target: Target, random: Random) -> Iterator[None]:
    """The queue of one subscriber loses its binding."""
    with channel(target) as at_broker:
        queue = queue_name(random.choice(SUBSCRIBER_NAMES))
        at_broker.queue_unbind(queue, EXCHANGE.name, routing_key=EVENT)
    yield


@contextmanager
def of_another_kind(target: Target, random: Random) -> Iterator[None]:
    """The queue of one subscriber is replaced by one whose redeclaration fails."""
    name = queue_name(random.choice(SUBSCRIBER_NAMES))
    with channel(target) as at_broker:
        at_broker.queue_delete(name)
        at_broker.queue_declare(name, durable=True, auto_delete=False)
    try:
        yield
    finally:
        with channel(target) as at_broker:
            at_broker.queue_delete(name)


@contextmanager
def full(target: Target, random: Random) -> Iterator[None]:
    """The queue of one subscriber holds one message and rejects more."""
    server, pattern = rabbitmq(target), f"^{queue_name(random.choice(SUBSCRIBER_NAMES))}$"
    server.rabbitmqctl("set_policy", "--apply-to", "queues", "full", pattern, FULL)
    try:
        yield
    finally:
        server.rabbitmqctl("clear_policy", "full")


@contextmanager
def login_refused(target: Target, _: Random) -> Iterator[None]:
    """The password of the club becomes wrong, and its connections are closed."""
    server = rabbitmq(target)
    server.rabbitmqctl("eval", CHANGE_LOGIN.format("another"))
    try:
        yield
    finally:
        server.rabbitmqctl("eval", CHANGE_LOGIN.format("guest"))


@contextmanager
def flushed(target: Target, _: Random) -> Iterator[None]:
    """Valkey loses all its data."""
    flush(target.broker.url)
    yield


@contextmanager
def out_of_memory(target: Target, _: Random) -> Iterator[None]:
    """Valkey refuses all commands that need memory."""
    with Redis.from_url(target.broker.url) as client:
        client.config_set("maxmemory", "1")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


def rabbitmq(target: Target) -> RabbitMQServer:
    """Return the broker. Raises AssertionError unless it is RabbitMQ."""
    assert isinstance(target.broker, RabbitMQServer)
    return target.broker


@contextmanager
def channel(target: Target) -> Iterator[Any]:
    """Open a separate channel to the broker."""
    with Connection(target.broker.url, connect_timeout=10) as connection:
        yield connection.default_channel


RABBITMQ: Mapping[str, Fault] = {
    "broker-stopped": of_outage(outages.stopped),
    "broker-killed": rabbitmq_killed,
    "broker-frozen": of_outage(outages.frozen),
    "broker-memory-alarm": of_outage(outages.short_of_memory),
    "broker-login-refused": login_refused,
    "queue-purged": purged,
    "queue-deleted": deleted,
    "queue-unbound": unbound,
    "queue-full": full,
    "queue-of-another-kind": of_another_kind,
}
VALKEY: Mapping[str, Fault] = {
    "broker-stopped": of_outage(outages.stopped),
    "broker-killed": of_outage(outages.killed),
    "broker-frozen": of_outage(outages.frozen),
    "broker-flushed": flushed,
    "broker-out-of-memory": out_of_memory,
    "queue-purged": purged,
}
