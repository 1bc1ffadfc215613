"""A broker's failures: a deadline for calls that wait, and reasons as text without secrets."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from reading_club.eventstream.certificates import certificate_fault

_CODE: Final = re.compile(r"[A-Z]{3,}(?:_[A-Z]+)*\b")
"""Error code at the start of an answer of RabbitMQ or Redis: ``ACCESS_REFUSED``, ``OOM``."""


class BrokerTooSlow(TimeoutError):
    """The broker has not answered within its deadline."""


class BrokerBlocked(Exception):
    """The broker is short of memory or disk, and reads no messages for the time being."""


@contextmanager
def deadline(seconds: float, cut: Callable[[], None]) -> Iterator[None]:
    """Call ``cut`` in another thread if the block takes longer than ``seconds``.

    Raises BrokerTooSlow then, with the block's own error as its cause.
    """
    late = threading.Event()

    def end() -> None:
        late.set()
        cut()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    error = None
    try:
        yield
    except Exception as exc:
        if not late.is_set():
            raise
        error = exc
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        raise BrokerTooSlow(f"the broker took longer than {seconds:g} s") from error


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
    if refused := certificate_fault(error):
        return refused
    error = root_cause(error)
    code = _CODE.match(str(getattr(error, "reply_text", None) or error))
    if code:
        return code.group()
    name = type(error).__name__
    return f"not reachable ({name})" if isinstance(error, OSError) else name
