"""Why a broker does not do what it is asked, in words that hold no secret."""

import re
from typing import Final

_CODE: Final = re.compile(r"[A-Z]{3,}(?:_[A-Z]+)*\b")
"""How RabbitMQ and Redis begin their answers: ``ACCESS_REFUSED``, ``OOM``."""


class BrokerBlocked(Exception):
    """The broker is short of memory or disk, and reads no messages for the time being."""


class BrokerTooSlow(TimeoutError):
    """The broker has not answered within the bound that was set for it."""


def reason_of(error: BaseException) -> str:
    """Return the reason, without addresses, names of users and passwords.

    It is the broker's own code if it gave one; what else brokers and libraries write may repeat
    who has asked where, and is left out.
    """
    if isinstance(error, BrokerBlocked | BrokerTooSlow):
        return str(error)
    while error.__cause__ is not None:
        error = error.__cause__
    code = _CODE.match(str(getattr(error, "reply_text", None) or error))
    if code:
        return code.group()
    name = type(error).__name__
    return f"not reachable ({name})" if isinstance(error, OSError) else name
