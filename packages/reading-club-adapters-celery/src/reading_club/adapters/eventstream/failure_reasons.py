"""Reasons of a broker's failures and refusals, as text without secrets."""

import re
from typing import Final

from reading_club.adapters.eventstream.deadline import BrokerTooSlow

_CODE: Final = re.compile(r"[A-Z]{3,}(?:_[A-Z]+)*\b")
"""Error code at the start of an answer of RabbitMQ or Redis: ``ACCESS_REFUSED``, ``OOM``."""


class BrokerBlocked(Exception):
    """The broker is short of memory or disk, and reads no messages for the time being."""


def root_cause(error: BaseException) -> BaseException:
    """Return the first error of a chain of causes."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def reason_of(error: BaseException) -> str:
    """Return the reason of an error, without addresses, user names and passwords.

    It is the broker's error code, or else the type of the error: the other text of brokers and
    drivers may repeat addresses and credentials.
    """
    if isinstance(error, BrokerBlocked | BrokerTooSlow):
        return str(error)
    error = root_cause(error)
    code = _CODE.match(str(getattr(error, "reply_text", None) or error))
    if code:
        return code.group()
    name = type(error).__name__
    return f"not reachable ({name})" if isinstance(error, OSError) else name
