"""A stop signal for waiting tasks, shared with forked processes."""

import os
import selectors


class StopSignal:
    """Set once by the process that made the signal; seen there and in all forked processes.

    A pipe that becomes readable: it may be set in a signal handler, and has no lock that a killed
    process could leave held. Make the signal before the worker forks.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._open = True

    def set(self) -> None:
        """Wake all waiting threads, in this process and its children."""
        if self._open:
            os.write(self._writer, b"!")

    def wait(self, seconds: float) -> bool:
        """Wait for ``seconds``, or return True at once when the worker is asked to stop."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def close(self) -> None:
        """Close the pipe, after the last wait."""
        if self._open:
            self._open = False
            os.close(self._reader)
            os.close(self._writer)
