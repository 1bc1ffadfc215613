"""Limits of attempts to log in, join or claim the club, and to have mail sent: in memory."""

import math
import time
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.exceptions import HTTPException

from reading_club.domain.text import nickname_key

Kind = Literal["log-in", "join", "welcome", "mail"]

OF_ACCOUNT: Final = RateLimitItemPerMinute(10, 5)
"""Attempts at one account from one address: 10 in 5 minutes."""
OF_ADDRESS: Final = RateLimitItemPerHour(100)
"""Attempts at all accounts from one address: 100 in an hour."""
MOST_COUNTERS: Final = 10_000
"""Counters that are kept, of some hundred bytes each."""


class RateLimited(HTTPException):
    """Too many attempts were made from this address."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        detail = f"too many attempts: try again in {seconds} seconds"
        super().__init__(429, detail, {"Retry-After": str(seconds)})


class RateLimits:
    """Counts attempts by account and address, and by address.

    Attempts from one address do not keep an account's owner out at another address. Many addresses
    together are limited by the passwords that are hashed at once.
    """

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._storage)

    async def require(self, kind: Kind, request: Request, nickname: str = "") -> None:
        """Count an attempt. Raises RateLimited if there were too many, also for the right password.

        The nickname need not be that of an account.
        """
        if len(self._storage.storage) >= MOST_COUNTERS:  # it took thousands of addresses
            await self._storage.reset()
        for limit, key in self._counters(kind, request, nickname).items():
            if not await self._limiter.hit(limit, *key):
                window = await self._limiter.get_window_stats(limit, *key)
                raise RateLimited(max(1, math.ceil(window.reset_time - time.time())))

    async def clear(self, kind: Kind, request: Request, nickname: str = "") -> None:
        """Forget the attempts at an account from an address, after one that succeeded.

        Those from the address count on, or a member could try the accounts of all others.
        """
        counters = self._counters(kind, request, nickname)
        await self._limiter.clear(OF_ACCOUNT, *counters[OF_ACCOUNT])

    def _counters(
        self, kind: Kind, request: Request, nickname: str
    ) -> Mapping[RateLimitItem, tuple[str, ...]]:
        """Return the counters of an attempt, each with its limit; none holds a nickname."""
        address = address_key(request.client.host if request.client else "")
        account = sha256(nickname_key(nickname).encode("utf-8", "surrogatepass")).hexdigest()
        return {OF_ADDRESS: (kind, address), OF_ACCOUNT: (kind, address, account)}


def address_key(address: str) -> str:
    """Return the part of an address that a visitor cannot choose: of IPv6 the first 64 bits.

    All that are no addresses count together.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or IPv6Address(int(ip) >> 64 << 64))


def limits_of(request: Request) -> RateLimits:
    """Return the rate limits of the process."""
    limits: RateLimits = request.app.state.rate_limits
    return limits
