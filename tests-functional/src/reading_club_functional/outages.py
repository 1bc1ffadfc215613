"""Outages of a server, as context managers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from reading_club.adapters.eventstream.topology import queue_name
from reading_club_functional.servers import RabbitMQServer, Server

Outage = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """The server is stopped in order, and refuses connections."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def killed(server: Server) -> Iterator[None]:
    """The server is killed by SIGKILL, and refuses connections."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """The server is stopped by SIGSTOP: connections stay open, without any answer."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def short_of_memory(server: Server) -> Iterator[None]:
    """RabbitMQ's memory alarm: it accepts connections and delivers, but blocks publishers."""
    assert isinstance(server, RabbitMQServer)
    server.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        yield
    finally:
        server.rabbitmqctl("set_vm_memory_high_watermark", "0.4")


@contextmanager
def full(server: RabbitMQServer, subscriber: str, length: int = 3) -> Iterator[None]:
    """The queue of one subscriber rejects messages beyond `length`."""
    policy = f'{{"max-length": {length}, "overflow": "reject-publish"}}'
    queue = queue_name(subscriber).replace(".", "[.]")
    server.rabbitmqctl("set_policy", "full", f"^{queue}$", policy, "--apply-to", "queues")
    try:
        yield
    finally:
        server.rabbitmqctl("clear_policy", "full")
