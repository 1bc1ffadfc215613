"""Outages of a server, as context managers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from reading_club.adapters.eventstream.topology import queue_name
from reading_club_functional.servers import RabbitMQServer, Server

Outage = Callable[[Server], AbstractContextManager[None]]


@contextmanager
def lasting(begin: Callable[[], object], end: Callable[[], object]) -> Iterator[None]:
    """Call `begin` on entry and `end` on exit, also after an error in the block."""
    begin()
    try:
        yield
    finally:
        end()


def stopped(server: Server) -> AbstractContextManager[None]:
    """The server is stopped in order, and refuses connections."""
    return lasting(server.stop, server.start)


def killed(server: Server) -> AbstractContextManager[None]:
    """The server is killed by SIGKILL, and refuses connections."""
    return lasting(server.kill, server.start)


def frozen(server: Server) -> AbstractContextManager[None]:
    """The server is stopped by SIGSTOP: connections stay open, without any answer."""
    return lasting(server.freeze, server.thaw)


def short_of_memory(server: Server) -> AbstractContextManager[None]:
    """RabbitMQ's memory alarm: it accepts connections and delivers, but blocks publishers."""
    assert isinstance(server, RabbitMQServer)
    run, limit = server.rabbitmqctl, "set_vm_memory_high_watermark"
    return lasting(lambda: run(limit, "absolute", "1"), lambda: run(limit, "0.4"))


def full(server: RabbitMQServer, subscriber: str, length: int = 3) -> AbstractContextManager[None]:
    """The queue of one subscriber rejects messages beyond `length`."""
    policy = f'{{"max-length": {length}, "overflow": "reject-publish"}}'
    queue = f"^{queue_name(subscriber).replace('.', '[.]')}$"
    return lasting(
        lambda: server.rabbitmqctl("set_policy", "full", queue, policy, "--apply-to", "queues"),
        lambda: server.rabbitmqctl("clear_policy", "full"),
    )
