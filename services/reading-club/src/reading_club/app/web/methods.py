"""The HTTP methods that a path of the application supports, for ``Allow``."""

from fastapi import Request
from starlette.routing import Match, Mount


def allowed_methods(request: Request) -> list[str]:
    """Return the methods of all routes that match the path of a request, sorted."""
    asked = request.scope
    root = asked.get("app_root_path", asked.get("root_path", ""))
    scope = {"type": "http", "path": asked["path"], "root_path": root}
    methods = [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
            if not isinstance(route, Mount) or method == "GET"  # static files
        )
    ]
    return sorted([*methods, "HEAD"]) if "GET" in methods else methods
