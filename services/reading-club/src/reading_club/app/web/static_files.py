"""``/static``: files with a hash of their content in the link, which browsers keep for a year."""

from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

STATIC = Path(__file__).parent / "static"
KEPT = "public, max-age=31536000, immutable"
ASKED_AGAIN = "no-cache"


@cache
def version_of(name: str) -> str:
    """Return the hash of a static file's content, read once in a process."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """Return the link to a static file, with the hash of its content."""
    return f"/static/{name}?v={version_of(name)}"


class VersionedFiles(StaticFiles):
    """Static files. A response to the link of ``static_url`` may be kept, any other is asked again.

    The hash of another release is answered with this release's file, which must not be kept.
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return the file with its cache header."""
        response = await super().get_response(path, scope)
        if response.status_code not in {200, 304}:
            return response
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("v")
        is_current = asked == [version_of(path)]
        response.headers["Cache-Control"] = KEPT if is_current else ASKED_AGAIN
        return response
