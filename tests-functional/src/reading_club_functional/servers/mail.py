"""A private mail server, in a thread of this process."""

import asyncio
import threading
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as POLICY
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from reading_club_functional.servers.ports import LOOPBACK, free_ports


class MailServer:
    """Takes all mail and keeps its bytes. It can be stopped, and started at the same port.

    While ``silent`` is set, it keeps mail and does not answer: its sender cannot know whether it
    was taken.
    """

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self.taken: list[bytes] = []
        self.silent = threading.Event()
        self._controller: Controller | None = None

    async def handle_DATA(  # noqa: N802  # the name is aiosmtpd's
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
    ) -> str:
        """Keep a mail."""
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        if self.silent.is_set():
            await asyncio.Event().wait()  # until the connection or the server ends
        return "250 OK"

    def start(self) -> None:
        """Listen at the port."""
        self._controller = Controller(self, hostname=LOOPBACK, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Listen no more, and end all connections."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def messages(self, subject: str = "") -> list[EmailMessage]:
        """Return the mail whose subject has these words, in the order of its arrival."""
        parser: Any = BytesParser(policy=POLICY)
        found = [parser.parsebytes(content) for content in self.taken]
        return [message for message in found if subject in message["Subject"]]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
