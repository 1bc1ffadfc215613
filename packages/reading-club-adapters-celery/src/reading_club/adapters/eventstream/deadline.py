"""A deadline for blocking code, whatever the timeouts of its sockets add up to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class BrokerTooSlow(TimeoutError):
    """The broker has not answered within its deadline."""


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
    try:
        yield
    except Exception as exc:
        if late.is_set():
            raise BrokerTooSlow(f"the broker took longer than {seconds:g} s") from exc
        raise
    finally:
        timer.cancel()
        timer.join()
    if late.is_set():
        raise BrokerTooSlow(f"the broker took longer than {seconds:g} s")
