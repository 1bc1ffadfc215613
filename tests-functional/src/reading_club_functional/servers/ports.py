"""Free ports for private servers."""

import secrets
import socket

LOOPBACK = "127.0.0.1"

# Below the ephemeral ports of outgoing connections, so that the port of a stopped server stays free
# until the server starts again.
_CANDIDATES = range(20_000, 32_000)
_RABBITMQ_DISTRIBUTION = 25_672


def is_free(port: int) -> bool:
    """Whether the port is free at this moment."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """Return different free ports; another process may bind one first. Raises `OSError`."""
    found: set[int] = set()
    for _ in range(len(_CANDIDATES)):
        if len(found) == count:
            return tuple(found)
        port = secrets.choice(_CANDIDATES)
        if port != _RABBITMQ_DISTRIBUTION and is_free(port):
            found.add(port)
    raise OSError(f"no {count} free ports between {_CANDIDATES[0]} and {_CANDIDATES[-1]}")
