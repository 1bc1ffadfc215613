"""Which methods a path of the application has."""

from fastapi import Request
from starlette.routing import Match, Mount


def allowed_methods(request: Request) -> list[str]:
    """Return what may be done with the path of a request: each route knows only its own."""
    asked = request.scope
    root = asked.get("app_root_path", asked.get("root_path", ""))
    scope = {"type": "http", "path": asked["path"], "root_path": root}
    methods = [
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
            if not isinstance(route, Mount) or method == "GET"  # what is mounted are files
        )
    ]
    return sorted([*methods, "HEAD"]) if "GET" in methods else methods
