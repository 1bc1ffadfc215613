"""Uncaught exceptions as log records: of the main thread, of other threads, and of destructors."""

import logging
import sys
import threading
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)


def log_uncaught() -> None:
    """Log uncaught exceptions from now on, instead of printing them.

    An event loop logs those of its tasks by itself. KeyboardInterrupt is printed as always.
    """
    sys.excepthook = _in_main_thread
    threading.excepthook = _in_thread
    sys.unraisablehook = _unraisable


def _in_main_thread(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("uncaught exception", exc_info=(kind, error, trace))


def _in_thread(args: Any) -> None:
    """Log the exception that ended a thread; SystemExit ends it silently."""
    if not issubclass(args.exc_type, SystemExit):
        error = args.exc_value or args.exc_type()
        text, fields = "uncaught exception", {"thread_name": getattr(args.thread, "name", None)}
        log.critical(text, extra=fields, exc_info=(args.exc_type, error, args.exc_traceback))


def _unraisable(args: Any) -> None:
    """Log an exception that Python cannot raise, such as one of a destructor."""
    error = args.exc_value or args.exc_type()
    text = args.err_msg or "exception ignored"
    log.error(text, exc_info=(args.exc_type, error, args.exc_traceback))
