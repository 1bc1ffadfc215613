"""The report of a child process that it is ready, over an inherited file descriptor."""

import os

READY_FD = "READING_CLUB_READY_FD"
"""Environment variable with the file descriptor for the report that a process is ready."""


def report_ready() -> None:
    """Report on READY_FD that this process is ready; without that variable do nothing."""
    descriptor = os.environ.pop(READY_FD, None)
    if descriptor is not None:
        os.write(int(descriptor), b"ready\n")
        os.close(int(descriptor))
