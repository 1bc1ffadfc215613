"""Undoes what commands and workers change about the log of a process."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def restored_log() -> Iterator[None]:
    """Restore level and handlers of the log, and the hooks of uncaught exceptions, at the end."""
    root = logging.getLogger()
    level, handlers = root.level, [*root.handlers]
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        root.setLevel(level)
        root.handlers[:] = handlers
        logging.captureWarnings(capture=False)
