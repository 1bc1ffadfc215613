"""How a task that waits hears that its worker is asked to stop."""

import os
import selectors


class StopSignal:
    """Set once, by the process that made it; seen by it and by all that it forked.

    A pipe that becomes readable: no lock that a killed process could leave held, and it may
    be set in a signal handler. Make it before the worker forks.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._open = True

    def set(self) -> None:
        """Wake everybody who waits, in this process and in its children."""
        if self._open:
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> bool:
        """Wait so many seconds, or return True at once when the worker is asked to stop."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def close(self) -> None:
        """Release the pipe; nobody may wait any more."""
        if self._open:
            self._open = False
            os.close(self._reader)
            os.close(self._writer)
