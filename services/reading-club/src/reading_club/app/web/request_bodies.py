"""The sizes of request bodies, and files that routes read themselves."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reading_club.app.web.languages import N_
from reading_club.service.book_files.file_lines import MOST_BYTES

LARGEST_BODY: Final = 64 * 1024
"""Maximum size of a request body in bytes."""
LARGEST_UPLOAD: Final = MOST_BYTES + LARGEST_BODY
"""The same for a file, with what a form has around it."""
MOST_UPLOADS: Final = 4
"""Maximum of files that are received at once: what they take on the disk."""


class BodyTooLarge(HTTPException):
    """The body of the request has more bytes than any request needs."""

    def __init__(
        self, most: int = LARGEST_BODY, detail: str = "a request body has at most {most} bytes"
    ) -> None:
        super().__init__(413, detail.format(most=most))
        self.most = most


class FileTooLarge(BodyTooLarge):
    """The file has more bytes than a list of books has."""

    def __init__(self) -> None:
        super().__init__(MOST_BYTES // 1_000_000, "a file has at most {most} MB: divide it")


class Uploads:
    """Lets routes read files themselves, to a limit of bytes, some of them at once.

    Raises FileTooLarge: for its declared size before a byte of it is read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application, which receives the body."""
        if int(Request(scope).headers.get("content-length", "0")) > LARGEST_UPLOAD:
            raise FileTooLarge
        if self.running >= MOST_UPLOADS:
            raise HTTPException(503, N_("too many files at once"), {"Retry-After": "5"})
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_UPLOAD:
                raise FileTooLarge
            return message

        self.running += 1
        try:
            await self.app(scope, limited, send)
        except ClientDisconnect:
            return
        finally:
            self.running -= 1
