"""Tells health checks and systemd that this process is alive, while its parts make progress."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from reading_club.app.alive_files import AliveFile
from reading_club.app.sd_notify import notify, watchdog_interval
from reading_club.app.settings import ConfigurationError, Settings
from reading_club.eventstream.liveness import Liveness

log = logging.getLogger(__name__)

REPORT_EVERY: Final = 5.0
"""Seconds between two reports, unless systemd wants them more often."""

Notify = Callable[[str], None]


class Reporter:
    """Reports the liveness of this process to its file, if any, to systemd, and to the log."""

    def __init__(
        self, liveness: Liveness, file: AliveFile | None = None, tell: Notify = notify
    ) -> None:
        self._liveness = liveness
        self._file = file
        self._tell = tell
        self._is_stalled = False

    def report(self) -> None:
        """Report once; a process that hangs is told to be so, and not to be alive."""
        stalled = self._liveness.stalled()
        with suppress(OSError):  # the disk may be full: then the file grows old
            self._report_to_file(stalled)
        if stalled is None:
            self._tell("WATCHDOG=1")
        if bool(stalled) != self._is_stalled:
            self._is_stalled = bool(stalled)
            self._report_change(stalled)

    def _report_to_file(self, stalled: str | None) -> None:
        if self._file is None:
            return
        if stalled is None:
            self._file.touch()
        else:
            self._file.tell_stalled(stalled)

    def _report_change(self, stalled: str | None) -> None:
        if stalled is None:
            log.info("the process goes on")
        else:
            log.error("the process hangs", extra={"reason": stalled})
        self._tell(f"STATUS={stalled or 'working'}")


@contextmanager
def keeping_alive(liveness: Liveness, file: AliveFile | None = None) -> Iterator[None]:
    """Report the liveness in a thread during the block, and at its end that the process stops."""
    reporter, ended = Reporter(liveness, file), threading.Event()
    interval = min(REPORT_EVERY, watchdog_interval() or REPORT_EVERY)

    def repeat() -> None:
        while not ended.wait(interval):
            reporter.report()

    reporter.report()
    thread = threading.Thread(target=repeat, name="keep-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        notify("STOPPING=1")
        ended.set()
        thread.join()
        if file is not None:
            file.remove()


def alive_file(settings: Settings, role: str, subscriber: str = "") -> AliveFile | None:
    """Return the file of this process; None, with a warning, if it cannot be written."""
    try:
        settings.make_data_dir()
        return AliveFile(settings.alive_folder, role, subscriber)
    except (OSError, ConfigurationError) as exc:
        log.warning("health checks of this process fail, as there is no file: %s", exc)
        return None
