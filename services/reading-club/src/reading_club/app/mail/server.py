"""The server that takes the club's mail, by SMTP.

Its answers may quote addresses, so that errors have nothing of them but the status code.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from reading_club.app.smtp_settings import Tls

WITHIN: Final = 60.0
"""Seconds to connect, and to send one mail: less than the lease of mail."""
PERMANENT: Final = range(500, 600)
"""Status codes by which a server refuses for good."""


class MailServerUnavailable(Exception):
    """The server cannot be reached, does not answer, or does not let the club in."""


class MailDeferred(Exception):
    """The server did not take this mail now; others may pass."""


class AddressRefused(Exception):
    """The server has no such address, or sends nothing to it."""


@dataclass(frozen=True)
class MailConnection:
    """An open connection, for one mail at a time."""

    client: SMTP

    async def send(self, message: EmailMessage, sender: str, to: str) -> None:
        """Return when the server has taken the mail.

        Raises AddressRefused, MailDeferred or MailServerUnavailable. After the last one the server
        may have taken it.
        """
        try:
            async with asyncio.timeout(WITHIN):
                await self.client.send_message(message, sender=sender, recipients=[to])
        except SMTPRecipientsRefused as exc:
            code = exc.recipients[0].code if exc.recipients else 0
            kind = AddressRefused if code in PERMANENT else MailDeferred
            raise kind(f"the server answered {code}") from None
        except SMTPResponseException as exc:
            raise MailDeferred(f"the server answered {exc.code}") from None
        except (SMTPException, OSError) as exc:
            raise MailServerUnavailable(type(exc).__name__) from None


@dataclass(frozen=True)
class MailServer:
    """Where the server is, and how the club logs in; without ``user`` it does not."""

    host: str
    port: int | None
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[MailConnection]:
        """Yield a connection, and close it. Raises MailServerUnavailable."""
        client = SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls == "tls",
            start_tls=self.tls == "starttls",
            timeout=WITHIN / 2,
        )
        try:
            async with asyncio.timeout(WITHIN):
                await client.connect()
        except (SMTPException, OSError) as exc:
            client.close()
            raise MailServerUnavailable(type(exc).__name__) from None
        try:
            yield MailConnection(client)
            await _say_goodbye(client)
        finally:
            client.close()


async def _say_goodbye(client: SMTP) -> None:
    try:
        await client.quit(timeout=1.0)
    except (SMTPException, OSError):
        return  # all mail was taken before
