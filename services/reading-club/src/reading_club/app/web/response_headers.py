"""The values of the security headers."""

from collections.abc import Mapping
from typing import Final

from reading_club.app.web.policy import WebPolicy

_UNUSED: Final = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "serial",
    "usb",
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'none'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""By these a browser loads only from this origin, shows no page in a frame, gives other sites no
handle of a window, and uses no sensor.

With the Referrer-Policy ``no-referrer``, the Origin of the club's own forms would be ``null``.
"""
DOCS_POLICY: Final = (
    "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
"""The content policy of ``/docs``, whose script is inline."""
WITH_SCRIPT: Final[Mapping[str, str]] = {
    name: value.replace("script-src 'none'", "script-src 'self'")
    for name, value in HEADERS.items()
    if name == "Content-Security-Policy"
}
"""The header of a page with a script of the club: the content policy that lets it run."""
NO_STORE: Final = "no-store"
"""``Cache-Control`` of a response for one visitor alone."""
_TRANSPORT: Final = {"Strict-Transport-Security": "max-age=31536000"}


def security_headers(policy: WebPolicy) -> Mapping[str, str]:
    """Return the headers of every response; a club on https is not reached by http again."""
    return {**HEADERS, **_TRANSPORT} if policy.is_https else HEADERS


def download_headers(name: str) -> Mapping[str, str]:
    """Return the headers of a response that a browser saves as a file and does not keep."""
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": NO_STORE}
