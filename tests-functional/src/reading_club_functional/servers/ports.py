"""Free ports for private servers."""

import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"

# Below the ephemeral ports of outgoing connections, so that the port of a stopped server stays free
# until the server starts again.
_CANDIDATES = range(20_000, 32_000)
_RABBITMQ_DISTRIBUTION = 25_672

_reserved: list[socket.socket] = []
"""What holds the reserved ports of this process."""


def is_free(port: int) -> bool:
    """Whether the port is free at this moment."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """Return different free ports, which are this process's until it ends. Raises `OSError`.

    Other processes that ask here get other ones; any other program may still bind one first.
    """
    holders = [_reserve() for _ in range(count)]
    _reserved.extend(holders)
    return tuple(_port_of(holder) for holder in holders)


@contextmanager
def borrowed_port() -> Iterator[int]:
    """Yield a free port, which is this process's while the block runs. Raises `OSError`."""
    with _reserve() as holder:
        yield _port_of(holder)


def _reserve() -> socket.socket:
    """Return a socket that holds the UDP port of the same number, which no server here uses."""
    for _ in range(len(_CANDIDATES)):
        port = secrets.choice(_CANDIDATES)
        if port == _RABBITMQ_DISTRIBUTION or not is_free(port):
            continue
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            holder.bind((LOOPBACK, port))
        except OSError:
            holder.close()
        else:
            return holder
    raise OSError(f"no free port between {_CANDIDATES[0]} and {_CANDIDATES[-1]}")


def _port_of(holder: socket.socket) -> int:
    port: int = holder.getsockname()[1]
    return port
