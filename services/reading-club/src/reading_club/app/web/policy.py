"""How the web process is reached: its address, its public origin, and the proxies before it."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from reading_club.app.web.languages import N_

_LOOPBACK: Final = r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]"
_PORT: Final = r"(?::[0-9]+)?"


def is_loopback(host: str) -> bool:
    """Whether a server that listens on this host is reached from its own machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


@dataclass(frozen=True)
class WebPolicy:
    """The settings that the checks of requests depend on.

    ``origin`` is scheme and host by which browsers reach the club, or None. ``trusted_proxies``
    are networks. ``host`` is the address on which the server listens; empty: every one.
    """

    origin: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    host: str = ""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the club by https."""
        return self.origin is not None and self.origin.startswith("https://")

    @property
    def answered_hosts(self) -> re.Pattern[str] | None:
        """The Host headers that are answered, or None if any is.

        A server on loopback without a trusted proxy is reached by a name of loopback, or the one of
        the origin. Under another name a page of a foreign site reaches it, which has its own name
        lead to 127.0.0.1 (DNS rebinding). Elsewhere, proxies and networks choose the names.
        """
        if self.trusted_proxies or not is_loopback(self.host):
            return None
        names = _LOOPBACK
        if self.origin is not None:
            name = re.sub(f"{_PORT}$", "", urlsplit(self.origin).netloc)
            names = f"{names}|{re.escape(name)}"
        return re.compile(f"(?:{names}){_PORT}", re.IGNORECASE)


ANY_HOST: Final = WebPolicy()
"""No origin and no proxy, on every address: each Host header is answered."""


class CrossOriginRequest(HTTPException):
    """A page of another site sent the request."""

    def __init__(self) -> None:
        super().__init__(403, N_("the request was sent from another site"))


class UnknownHost(HTTPException):
    """The Host header is not a name of the club."""

    def __init__(self) -> None:
        detail = N_("the club does not answer to this name: see READING_CLUB_ORIGIN")
        super().__init__(421, detail)
