"""Inspects and ends processes, by pid and never by name."""

from collections.abc import Iterable
from contextlib import suppress

import psutil

from reading_club_functional.polling import eventually
from reading_club_functional.servers.ports import LOOPBACK


def alive(process: psutil.Process | None) -> bool:
    """Whether the process runs; false for a zombie and for another process with its pid."""
    try:
        return (
            process is not None
            and process.is_running()
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.NoSuchProcess:
        return False


def listens(process: psutil.Process | None, port: int) -> bool:
    """Whether this very process listens on the port."""
    if process is None:
        return False
    try:
        sockets = process.net_connections(kind="tcp4")
    except psutil.NoSuchProcess:
        return False
    return any(
        each.status == psutil.CONN_LISTEN and tuple(each.laddr) == (LOOPBACK, port)
        for each in sockets
    )


def with_descendants(process: psutil.Process) -> list[psutil.Process]:
    """Return the process and all descendants; unless it is suspended, it may fork meanwhile."""
    return [process, *process.children(recursive=True)]


def gone(family: Iterable[psutil.Process]) -> bool:
    """Whether all of the processes have ended."""
    return not any(map(alive, family))


def kill(process: psutil.Process, within: float) -> None:
    """Kill a process and its descendants by SIGKILL, and wait for them, `within` s at most."""
    try:
        process.suspend()
        family = with_descendants(process)
    except psutil.NoSuchProcess:
        return
    kill_each(family)
    eventually(lambda: gone(family), within=within)


def kill_each(family: Iterable[psutil.Process]) -> None:
    """Send SIGKILL to those of the processes that have not ended."""
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()
