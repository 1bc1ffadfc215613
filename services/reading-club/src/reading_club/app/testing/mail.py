"""A mail server in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


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
