"""A mail server in this process, and members who have mail sent by it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from fastapi.testclient import TestClient

from reading_club.adapters.memory.transport import RecordingOutboxTransport
from reading_club.app.application import Application
from reading_club.app.mail.mail_sending import MailSending
from reading_club.app.testing.notices import handle_all
from reading_club.app.testing.person import SURE, Person
from reading_club.testing.builders import an_isbn

ORIGIN = "http://testserver"
ME = "/api/me/notifications"
ADDRESS = "mo@example.org"


@dataclass
class MailServerInMemory:
    """Keeps the mail that it takes.

    ``refusals`` are raised one after the other instead; None takes the mail. ``away`` is raised
    at each attempt to connect.
    """

    sent: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: list[Exception | None] = field(default_factory=list)
    away: Exception | None = None
    connections: int = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["MailServerInMemory"]:
        """Yield the server."""
        if self.away is not None:
            raise self.away
        self.connections += 1
        yield self

    async def send(self, message: EmailMessage, sender: str, to: str) -> None:
        """Take the mail, or raise the next refusal."""
        assert message["From"].addresses[0].addr_spec == sender
        if self.refusals and (refusal := self.refusals.pop(0)) is not None:
            raise refusal
        self.sent.append((to, message))


class MailingClub:
    """A club that sends mail, without a pause between two digests of a member."""

    def __init__(
        self, client: TestClient, application: Application, transport: RecordingOutboxTransport
    ) -> None:
        self.client, self.application, self.transport = client, application, transport
        application.sends_mail = True
        self.server = MailServerInMemory()
        self.sending = MailSending(
            application.unit_of_work, self.server.connect, ORIGIN, "club@club.example", 0.0
        )

    def call(self, work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """Await a coroutine on the loop of the client."""
        assert self.client.portal is not None
        return self.client.portal.call(work, *arguments)

    def send(self) -> int:
        """Send what is due, and return how much the server took."""
        sent: int = self.call(self.sending.send_due)
        return sent

    def work(self) -> None:
        """Let the subscriber handle all events so far, twice."""
        for _ in range(2):
            self.call(handle_all, self.application, self.transport.handed_over)

    def happen(self, person: Person, title: str) -> str:
        """Let a member register a book, and return its id."""
        book = {"title": title, "author": "A", "isbn": str(an_isbn())}
        id_: str = person.post("/api/books", json=book).json()["id"]
        self.work()
        return id_

    def subscribe(self, person: Person, address: str = ADDRESS) -> None:
        """Let the member follow the club, with a confirmed address."""
        person.put(f"{ME}/club")
        assert person.put(f"{ME}/mail", json={"address": address}).status_code == 202
        assert self.send() == 1
        _, message = self.server.sent.pop()
        assert self.client.post(link_in(message), data=SURE).status_code == 200


def link_in(message: EmailMessage) -> str:
    """Return the path of the secret link of a mail."""
    (path,) = re.findall(rf"{ORIGIN}(/mail/\w+\?token=[\w-]{{43}})\n", message.get_content())
    return str(path)
