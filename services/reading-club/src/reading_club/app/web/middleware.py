"""ASGI middleware: checks and limits of every request, and the headers of every response."""

from collections.abc import Iterable

from lastuuid import uuid7
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reading_club.app._uvicorn import UPLOADS, connection_limit
from reading_club.app.web.languages import ENGLISH_ONLY, LONGEST, N_, accepted, language_headers
from reading_club.app.web.policy import CrossOriginRequest, UnknownHost, WebPolicy
from reading_club.app.web.request_bodies import LARGEST_BODY, BodyTooLarge, Uploads
from reading_club.app.web.response_headers import DOCS_POLICY, NO_STORE, security_headers
from reading_club.eventstream.context import MessageContext, as_uuid, using

CREDENTIALS = frozenset({b"authorization", b"cookie"})
"""Request headers by which a response may be for one visitor alone."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
MOST_REQUESTS = 512
"""Maximum of concurrent requests; lower if the limit of connections is low."""
CORRELATION = "X-Correlation-ID"
"""Header of requests and responses with the correlation id."""
HEALTH = frozenset({"/healthz", "/readyz"})
PAGES = ("text/html", "application/atom+xml")
"""Media types of what people read."""


class Correlation:
    """Gives each request its context: a correlation id, and what languages it accepts.

    The response and all messages that the request leads to have the id. It is that of the header
    ``X-Correlation-ID`` if this is a UUID, and otherwise a new one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with id and languages in the current context."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        id_ = as_uuid(headers.get(CORRELATION)) or uuid7()
        is_english = scope["path"].startswith(ENGLISH_ONLY)
        accepted.set("" if is_english else headers.get("accept-language", "")[:LONGEST])

        async def identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[CORRELATION] = str(id_)
            await send(message)

        with using(MessageContext(id_)):
            await self.app(scope, receive, identified)


class ResponseHeaders:
    """Adds the security headers to every response, and responds to HEAD as to GET, without body.

    What may be for one visitor alone is not stored by browsers and proxies.
    """

    def __init__(self, app: ASGIApp, policy: WebPolicy) -> None:
        self.app = app
        self.headers = security_headers(policy)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, with GET instead of HEAD, and change its response."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_to(MutableHeaders(scope=message), scope)
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        asked = {**scope, "method": "GET", "is_head": True} if is_head else scope
        await self.app(asked, receive, guarded)

    def _add_to(self, headers: MutableHeaders, scope: Scope) -> None:
        path: str = scope["path"]
        for name, value in self.headers.items():
            headers.setdefault(name, value)
        if headers.get("content-type", "").startswith(PAGES):
            headers.update(language_headers())
        if path == "/docs":
            headers["Content-Security-Policy"] = DOCS_POLICY
        if path.startswith("/static/"):
            return
        is_personal = not CREDENTIALS.isdisjoint(_names(scope["headers"]))
        if is_personal or "set-cookie" in headers or b"token=" in scope["query_string"]:
            headers["Cache-Control"] = NO_STORE


def _names(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[bytes]:
    return (name for name, _ in headers)


class RequestChecks:
    """Raises UnknownHost and CrossOriginRequest, before the body is read."""

    def __init__(self, app: ASGIApp, policy: WebPolicy) -> None:
        self.app = app
        self.hosts = policy.answered_hosts
        self.origin = policy.origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application unless the request is refused."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            if self.hosts is not None and not self.hosts.fullmatch(headers.get("host", "")):
                raise UnknownHost
            if scope["method"] not in SAFE and not is_same_origin(headers, self.origin):
                raise CrossOriginRequest
        await self.app(scope, receive, send)


def is_same_origin(headers: Headers, trusted: str | None) -> bool:
    """Whether a page of the club or no browser at all sent the request.

    Browsers send ``Sec-Fetch-Site`` to https and to loopback, and ``Origin`` with every unsafe
    method. A proxy may have replaced Host, so that the ``trusted`` origin passes without it.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is not None and origin == trusted:
        return True
    if site is not None:
        return site in {"same-origin", "none"}
    host = headers.get("host", "")
    return origin is None or origin in {f"http://{host}", f"https://{host}"}


def is_upload(scope: Scope) -> bool:
    """Whether the request may have a file as its body."""
    return scope["method"] == "POST" and scope["path"] in UPLOADS


async def whole_body(request: Request) -> bytes:
    """Return the body. Raises BodyTooLarge: for its declared size before a byte of it is read.

    The server discards the rest of a refused body, until the deadline of a body.
    """
    if int(request.headers.get("content-length", "0")) > LARGEST_BODY:  # h11: it is a number
        raise BodyTooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise BodyTooLarge
    return bytes(body)


class RequestLimits:
    """Raises BodyTooLarge, or HTTPException above the limit of concurrent requests.

    A request counts after its whole body has arrived: a slow upload occupies no resources. Health
    checks do not count, and files have limits of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.uploads = Uploads(app)
        self.running = 0
        self.limit = min(MOST_REQUESTS, connection_limit() * 2 // 3)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Receive the whole body, then call the application, with all of it in one message."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if is_upload(scope):
            await self.uploads(scope, receive, send)
            return
        try:
            body = await whole_body(Request(scope, receive))
        except ClientDisconnect:
            return
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def received() -> Message:
            return whole.pop() if whole else await receive()

        counted = scope["path"] not in HEALTH
        if counted and self.running >= self.limit:
            raise HTTPException(503, N_("too many requests at once"), {"Retry-After": "1"})
        self.running += counted
        try:
            await self.app(scope, received, send)
        finally:
            self.running -= counted
