"""Faults of RabbitMQ and of Valkey."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from random import Random

from redis import Redis

from reading_club.adapters.eventstream.topology import queue_name
from reading_club_functional import outages
from reading_club_functional.cluster import PROJECTION_NAMES
from reading_club_functional.faults.target import Fault, Target
from reading_club_functional.outages import lasting
from reading_club_functional.queues import delete, flush, open_channel, purge, unbind
from reading_club_functional.servers import RabbitMQServer

EVENT = "book_registered_v1"
CHANGE_LOGIN = """
    ok = rabbit_auth_backend_internal:change_password(<<"guest">>, <<"{}">>, <<"tests">>),
    [rabbit_networking:close_connection(Pid, "tests") || Pid <- rabbit_networking:connections()].
"""


def rabbitmq_killed(target: Target, _: Random) -> AbstractContextManager[None]:
    """The broker is killed by SIGKILL, after new queues have reached the disk."""
    rabbitmq(target).flush_to_disk()
    return outages.killed(target.broker)


def at_random(change: Callable[[str, str], None]) -> Fault:
    """Return a fault that changes the queue of one subscriber, and that the club repairs."""

    @contextmanager
    def fault(target: Target, random: Random) -> Iterator[None]:
        change(target.broker.url, random.choice(PROJECTION_NAMES))
        yield

    return fault


def of_another_kind(target: Target, random: Random) -> AbstractContextManager[None]:
    """The queue of one subscriber is replaced by one whose redeclaration fails."""
    url, name = target.broker.url, random.choice(PROJECTION_NAMES)

    def replace() -> None:
        delete(url, name)
        with open_channel(url) as channel:
            channel.queue_declare(queue_name(name), durable=True, auto_delete=False)

    return lasting(replace, lambda: delete(url, name))


def full(target: Target, random: Random) -> AbstractContextManager[None]:
    """The queue of one subscriber holds one message and rejects more."""
    return outages.full(rabbitmq(target), random.choice(PROJECTION_NAMES), length=1)


def login_refused(target: Target, _: Random) -> AbstractContextManager[None]:
    """The password of the club becomes wrong, and its connections are closed."""

    def change(password: str) -> None:
        rabbitmq(target).rabbitmqctl("eval", CHANGE_LOGIN.format(password))

    return lasting(lambda: change("another"), lambda: change("guest"))


@contextmanager
def flushed(target: Target, _: Random) -> Iterator[None]:
    """Valkey loses all its data."""
    flush(target.broker.url)
    yield


@contextmanager
def out_of_memory(target: Target, _: Random) -> Iterator[None]:
    """Valkey refuses all commands that need memory."""
    with (
        Redis.from_url(target.broker.url) as client,
        lasting(
            lambda: client.config_set("maxmemory", "1"), lambda: client.config_set("maxmemory", "0")
        ),
    ):
        yield


def rabbitmq(target: Target) -> RabbitMQServer:
    """Return the broker. Raises AssertionError unless it is RabbitMQ."""
    assert isinstance(target.broker, RabbitMQServer)
    return target.broker


RABBITMQ: Mapping[str, Fault] = {
    "broker-stopped": lambda target, _: outages.stopped(target.broker),
    "broker-killed": rabbitmq_killed,
    "broker-frozen": lambda target, _: outages.frozen(target.broker),
    "broker-memory-alarm": lambda target, _: outages.short_of_memory(target.broker),
    "broker-login-refused": login_refused,
    "queue-purged": at_random(purge),
    "queue-deleted": at_random(delete),
    "queue-unbound": at_random(partial(unbind, type_=EVENT)),
    "queue-full": full,
    "queue-of-another-kind": of_another_kind,
}
VALKEY: Mapping[str, Fault] = {
    "broker-stopped": lambda target, _: outages.stopped(target.broker),
    "broker-killed": lambda target, _: outages.killed(target.broker),
    "broker-frozen": lambda target, _: outages.frozen(target.broker),
    "broker-flushed": flushed,
    "broker-out-of-memory": out_of_memory,
    "queue-purged": at_random(purge),
}
