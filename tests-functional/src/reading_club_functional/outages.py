"""Ways in which a broker is away for a while."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from reading_club.adapters.eventstream.topology import queue_called
from reading_club_functional.servers import RabbitMQServer, Server

Outage = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """It has ended, and refuses connections."""
    server.stop()
    try:
        yield
    finally:
        server.start()


@contextmanager
def killed(server: Server) -> Iterator[None]:
    """It has ended without a word, and refuses connections."""
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Its connections are there, and nothing comes out of them."""
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


@contextmanager
def short_of_memory(server: Server) -> Iterator[None]:
    """RabbitMQ reads nothing from who publishes; it accepts connections, and delivers."""
    assert isinstance(server, RabbitMQServer)
    server.rabbitmqctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        yield
    finally:
        server.rabbitmqctl("set_vm_memory_high_watermark", "0.4")


@contextmanager
def full(server: RabbitMQServer, subscriber: str, length: int = 3) -> Iterator[None]:
    """The queue of one subscriber refuses what is more than so many messages."""
    policy = f'{{"max-length": {length}, "overflow": "reject-publish"}}'
    queue = queue_called(subscriber).replace(".", "[.]")
    server.rabbitmqctl("set_policy", "full", f"^{queue}$", policy, "--apply-to", "queues")
    try:
        yield
    finally:
        server.rabbitmqctl("clear_policy", "full")
