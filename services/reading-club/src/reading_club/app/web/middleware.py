"""ASGI middleware: limits for body size and concurrent requests, and HEAD."""

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reading_club.app._uvicorn import connection_limit
from reading_club.app.web.problems import on_http_error

LARGEST_BODY = 64 * 1024
"""Maximum size of a request body in bytes."""
MOST_REQUESTS = 512
"""Maximum of concurrent requests; lower if the limit of connections is low."""
HEALTH = frozenset({"/healthz", "/readyz"})


class BodyLimit:
    """Responds with 413 to a request body over the limit, with or without a Content-Length.

    The inner application is called with the whole body: a slow upload occupies no resources.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Receive the whole body, then call the application."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await _body(receive)
        except ClientDisconnect:
            return
        except HTTPException as error:
            answer = await on_http_error(Request(scope), error)
            await answer(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def received() -> Message:
            return whole.pop() if whole else await receive()

        await self.app(scope, received, send)


async def _body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, f"a request body has at most {LARGEST_BODY} bytes")
        more = message.get("more_body", False)
    return bytes(body)


class RequestLimit:
    """Responds with 503 above the limit of concurrent requests, health checks excepted."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.running = 0
        self.limit = min(MOST_REQUESTS, connection_limit() * 2 // 3)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the request while it is handled, or refuse it."""
        if scope["type"] != "http" or scope["path"] in HEALTH:
            await self.app(scope, receive, send)
            return
        if self.running >= self.limit:
            error = HTTPException(503, "too many requests at once", {"Retry-After": "1"})
            answer = await on_http_error(Request(scope), error)
            await answer(scope, receive, send)
            return
        self.running += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.running -= 1


class Head:
    """Responds to HEAD with the status and headers of GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with GET, and send the status and headers of its response."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self.app({**scope, "method": "GET"}, receive, without_body)
