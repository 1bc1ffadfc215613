"""The health check of a process, for containers: of web by a request, of the others by a file.

It needs neither database nor broker, as their outage is no reason to start a process again.
"""

from http.client import HTTPConnection, HTTPException
from typing import Final

from reading_club.app.alive_files import FRESH, reports
from reading_club.app.settings import Settings

TIMEOUT: Final = 5.0
"""Seconds in which the web process has to answer."""
DEFAULT_PORT: Final = 8000
OK: Final = 200


class Unhealthy(Exception):
    """A process is not there, or does not work; the message says which, and why."""


def check_web(settings: Settings) -> str:
    """Return a sentence if the web process answers; raise Unhealthy if it does not."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # any, seen from here
    connection = HTTPConnection(host, settings.port or DEFAULT_PORT, timeout=TIMEOUT)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as exc:
        raise Unhealthy(f"web does not answer: {exc or type(exc).__name__}") from exc
    finally:
        connection.close()
    if status != OK:
        raise Unhealthy(f"web answers with {status}")
    return "web answers"


def check_process(settings: Settings, role: str, subscriber: str = "") -> str:
    """Return a sentence if each such process of this machine makes progress; raise Unhealthy.

    Without ``subscriber`` those of all subscribers are checked.
    """
    wanted = f"{role} {subscriber}".rstrip()
    found = list(reports(settings.alive_folder, role, subscriber))
    if not found:
        raise Unhealthy(f"no {wanted} is running with its data in {settings.data_dir}")
    for report, age in found:
        name = f"{report.role} {report.subscriber}".rstrip()
        if report.stalled is not None:
            raise Unhealthy(f"{name} (process {report.pid}) hangs: {report.stalled}")
        if age >= FRESH:
            raise Unhealthy(f"{name} (process {report.pid}) has told nothing for {age:.0f} s")
    return f"{wanted} makes progress"
