"""ASGI middleware: security headers, HEAD, and limits for body size and concurrent requests."""

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reading_club.app._uvicorn import connection_limit

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""By these a browser loads only from this origin, and shows no page in a frame."""
DOCS_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
"""The policy of ``/docs``, which has an inline script."""
LARGEST_BODY = 64 * 1024
"""Maximum size of a request body in bytes."""
MOST_REQUESTS = 512
"""Maximum of concurrent requests; lower if the limit of connections is low."""
HEALTH = frozenset({"/healthz", "/readyz"})


class ResponseHeaders:
    """Adds the security headers to every response, and responds to HEAD as to GET, without body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, with GET instead of HEAD, and change its response."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"] == "/docs":
                    headers["Content-Security-Policy"] = DOCS_POLICY
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        await self.app({**scope, "method": "GET"} if is_head else scope, receive, guarded)


class RequestLimits:
    """Raises HTTPException for a body over the limit, or above the limit of concurrent requests.

    A request counts after its whole body has arrived: a slow upload occupies no resources. Health
    checks do not count.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.running = 0
        self.limit = min(MOST_REQUESTS, connection_limit() * 2 // 3)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Receive the whole body, then call the application, with all of it in one message."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            body = await _body(Request(scope, receive))
        except ClientDisconnect:
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def received() -> Message:
            return whole.pop() if whole else await receive()

        counted = scope["path"] not in HEALTH
        if counted and self.running >= self.limit:
            raise HTTPException(503, "too many requests at once", {"Retry-After": "1"})
        self.running += counted
        try:
            await self.app(scope, received, send)
        finally:
            self.running -= counted


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise HTTPException(413, f"a request body has at most {LARGEST_BODY} bytes")
    return bytes(body)
