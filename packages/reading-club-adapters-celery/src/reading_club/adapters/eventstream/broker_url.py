"""Broker URLs: supported transports, clusters, and a repr without passwords."""

from importlib.util import find_spec
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from kombu.utils.url import maybe_sanitize_url

from reading_club.adapters.eventstream.broker_tls import split_tls

Broker = Literal["amqp", "redis", "memory"]
"""The kinds of brokers; each has its own transport options."""

_SCHEMES: Final[dict[str, tuple[str, Broker]]] = {
    "amqp": ("amqp", "amqp"),
    "amqps": ("amqps", "amqp"),
    "pyamqp": ("pyamqp", "amqp"),
    "redis": ("redis", "redis"),
    "rediss": ("rediss", "redis"),
    "valkey": ("redis", "redis"),
    "valkeys": ("rediss", "redis"),
    "memory": ("memory", "memory"),
}


class BrokerUrl(str):
    """A broker's URL as kombu spells it, or those of a cluster, separated by semicolons.

    Its ``repr`` hides the passwords. Raises ValueError for an unsupported scheme, for a port or a
    database of Redis that is not a number, for brokers of a cluster with different options of TLS,
    and without the client of Redis; the error hides the URL. Raises UnusableCertificate.
    """

    broker: Broker
    alternatives: int
    """Number of further brokers in the cluster."""
    tls: dict[str, Any] | None
    """The value of Celery's ``broker_use_ssl``; None without TLS."""
    without_tls: str
    """The URL without the options of TLS, as kombu takes it."""

    def __new__(cls, url: str) -> "BrokerUrl":  # noqa: D102  # documented by the class
        spelled = [_spelled(part) for part in url.split(";")]
        new = super().__new__(cls, ";".join(text for text, _ in spelled))
        new.broker = spelled[0][1]
        new.alternatives = len(spelled) - 1
        parts = [split_tls(text, amqp=broker == "amqp") for text, broker in spelled]
        new.tls = parts[0][1]
        if any(tls != new.tls for _, tls in parts):
            raise ValueError("the brokers of a cluster need the same options of TLS")
        new.without_tls = ";".join(text for text, _ in parts)
        return new

    def __repr__(self) -> str:
        return repr(";".join(map(maybe_sanitize_url, self.split(";"))))


def _spelled(url: str) -> tuple[str, Broker]:
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise ValueError(f"a broker URL starts with one of {', '.join(_SCHEMES)} and ://")
    spelling, broker = _SCHEMES[scheme]
    if not _is_valid(url, broker):
        raise ValueError(f"the host, port or database of the {scheme} URL is not valid")
    if broker == "redis" and find_spec("redis") is None:
        raise ValueError(
            f"{scheme}:// needs the extra redis: install reading-club-adapters-celery[redis]"
        )
    return f"{spelling}://{rest}", broker


def _is_valid(url: str, broker: Broker) -> bool:
    """Whether the port is a number but 0, and the database of Redis is a number."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    database = parts.path.removeprefix("/")
    return port != 0 and (broker != "redis" or not database or database.isdecimal())
