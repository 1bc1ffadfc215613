"""Polling of a condition with a deadline, and repetition of an action."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from reading_club.testing.polling import NotInTime, eventually

__all__ = ["NotInTime", "eventually", "repeated"]


@contextmanager
def repeated(act: Callable[[], object], every: float) -> Iterator[None]:
    """Call `act` every `every` seconds in a thread until the block ends.

    An error of `act` ends the repetition, and is raised at the end of the block.
    """
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(every):
            act()

    with ThreadPoolExecutor(1) as pool:
        repetition = pool.submit(repeat)
        try:
            yield
        finally:
            over.set()
        repetition.result()
