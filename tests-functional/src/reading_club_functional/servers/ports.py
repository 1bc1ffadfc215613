"""Free ports for private servers."""

import secrets
import socket

LOOPBACK = "127.0.0.1"

# Below the ports that kernels lend to outgoing connections, so that a server which is down for a
# moment finds its port free when it comes back.
_CANDIDATES = range(20_000, 32_000)
_RABBITMQ_DISTRIBUTION = 25_672


def is_free(port: int) -> bool:
    """Whether nobody listens on the port at this moment."""
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> tuple[int, ...]:
    """Different ports that were free a moment ago: whoever binds one has to expect a rival."""
    found: set[int] = set()
    for _ in range(len(_CANDIDATES)):
        if len(found) == count:
            return tuple(found)
        port = secrets.choice(_CANDIDATES)
        if port != _RABBITMQ_DISTRIBUTION and is_free(port):
            found.add(port)
    raise OSError(f"no {count} free ports between {_CANDIDATES[0]} and {_CANDIDATES[-1]}")
