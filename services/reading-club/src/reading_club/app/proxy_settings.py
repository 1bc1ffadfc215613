"""Types of the settings that describe a proxy in front of the web process."""

import re
from ipaddress import ip_network
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

_ORIGIN: Final = re.compile(r"(https?)://(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
LARGEST_PORT: Final = 65_535


def _as_browsers_write(origin: str) -> str:
    """Return the origin in lower case and without a default port. Raises ValueError."""
    found = _ORIGIN.fullmatch(origin.strip().lower())
    if found is None or int(found[3] or 0) > LARGEST_PORT:
        raise ValueError("must be http or https and a host, as https://club.example, and no path")
    scheme, host = found[1], found[2]
    port = int(found[3] or _DEFAULT_PORTS[scheme])
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _networks(text: object) -> object:
    """Return the networks of a comma-separated text. Raises ValueError."""
    if not isinstance(text, str):
        return text
    return tuple(_network(part.strip()) for part in text.split(","))


def _network(text: str) -> str:
    """Return an address or network as a network, refusing one that holds every address."""
    try:
        network = ip_network(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is not an address or a network, as 10.0.0.5 or 10.0.0.0/24; "
            "several are separated by commas"
        ) from None
    if network.prefixlen == 0:
        raise ValueError(f"{text!r} would trust every visitor: name the addresses of the proxies")
    return str(network)


Origin = Annotated[str, AfterValidator(_as_browsers_write)]
"""Scheme, host and port by which browsers reach the club."""
TrustedProxies = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_networks)]
"""Networks of proxies, written as one text with commas."""
