"""ETags of what has a version, and If-Match: the version that a change expects."""

import re
from typing import Any, Final

from fastapi import HTTPException, Request

_STRONG: Final = re.compile(r'"([0-9]{1,9})"')

IF_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "schema": {"type": "string"},
            "description": "the ETag of the version to change, or `*` for any version",
        }
    ]
}
"""The header in the OpenAPI document, for ``openapi_extra``."""
ETAG: Final[dict[str, Any]] = {
    "ETag": {"description": "the version, for If-Match", "schema": {"type": "string"}}
}
"""The header of an answer, for ``responses``."""


class PreconditionRequired(HTTPException):
    """The request does not name the version that it changes."""

    def __init__(self) -> None:
        super().__init__(428, "send If-Match with the ETag of the version that you change")


class PreconditionFailed(HTTPException):
    """The version that the request names is not the current one."""

    def __init__(self) -> None:
        super().__init__(412, "If-Match is not the ETag of the current version: get it again")


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def has_if_match(request: Request) -> bool:
    """Whether the request names the version that it changes."""
    return "if-match" in request.headers


def expected_version(request: Request) -> int | None:
    """Return the version of the ETag in If-Match; None for ``*``, which is any version.

    Raises PreconditionRequired without the header. Raises PreconditionFailed for a value that is
    not one ETag of ``etag``: weak ETags never match, and lists are not supported.
    """
    if not has_if_match(request):
        raise PreconditionRequired
    value = ", ".join(request.headers.getlist("if-match")).strip()
    if value == "*":
        return None
    if (strong := _STRONG.fullmatch(value)) is None:
        raise PreconditionFailed
    return int(strong[1])
