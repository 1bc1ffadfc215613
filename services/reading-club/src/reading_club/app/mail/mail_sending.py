"""Sends the mail that is due, beside a relay."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Protocol

from lastuuid import uuid7

from reading_club.app.mail.messages import Sender, confirmation, digest
from reading_club.app.mail.server import AddressRefused, MailDeferred, MailServerUnavailable
from reading_club.eventstream.errors import TransientFailure
from reading_club.eventstream.liveness import Liveness
from reading_club.service.accounts.secrets import hash_of, new_secret
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.outgoing_mail import DigestMail, Outgoing
from reading_club.service.uow import AbstractUnitOfWork

log = logging.getLogger(__name__)

PAUSE: Final = 30.0
"""Seconds between two looks at what is due, at most."""
LONGEST_PASS: Final = 1_800.0
"""Seconds after which a pass, which may have much to send, hangs."""
LAST_MAIL: Final = 5.0
"""Seconds that the last mail has at the end; it is sent again if it takes longer."""


class Connection(Protocol):
    """An open connection to a mail server."""

    async def send(self, message: EmailMessage, sender: str, to: str) -> None:
        """Send a mail. Raises AddressRefused, MailDeferred or MailServerUnavailable."""


@dataclass
class MailSending:
    """Sends the mail that is due.

    Mail is taken in one transaction, sent, and noted as sent in another one. It is sent once more
    if the process dies in between, or the server's answer is lost: with the same Message-ID.
    """

    make_uow: Callable[[], AbstractUnitOfWork]
    connect: Callable[[], AbstractAsyncContextManager[Connection]]
    """Connects to the server. Raises MailServerUnavailable."""
    origin: str
    address: str
    """The address of the sender."""
    every: float
    """Seconds between two digests of a member, at least."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends a pass after the present mail."""

    async def send_due(self) -> int:
        """Send what is due, and return how much the server took.

        Raises TransientFailure, or MailServerUnavailable: without a connection nothing is taken.
        """
        async with self.make_uow() as transaction:
            is_due = await transaction.uow.outgoing_mail.is_due(self.every)
            club = (await transaction.uow.club.get()).settings.name
            await transaction.rollback()
        if not is_due:
            return 0
        sent, sender = 0, Sender(club, self.origin, self.address)
        async with self.connect() as connection:
            while not self.stopping.is_set():
                secret = new_secret()
                if (mail := await self._take(secret)) is None:
                    break
                sent += await self._send(connection, sender, mail, secret)
        return sent

    async def _take(self, secret: str) -> Outgoing | None:
        async with self.make_uow() as transaction:
            mail = await transaction.uow.outgoing_mail.take(
                id=uuid7(), hash=hash_of(secret), every=self.every
            )
            await transaction.commit()
        return mail

    async def _send(
        self, connection: Connection, sender: Sender, mail: Outgoing, secret: str
    ) -> bool:
        """Send one piece of mail and note it; False if it was not taken, and is tried later."""
        fields = {"account": str(mail.account_id)}
        try:
            if (message := await self._compose(sender, mail, secret)) is not None:
                await connection.send(message, self.address, mail.address)
        except AddressRefused as exc:
            log.warning("an address was refused: %s", exc, extra=fields)
            async with self.make_uow() as transaction:
                await transaction.uow.outgoing_mail.refused(mail)
                await transaction.commit()
            return False
        except MailDeferred as exc:
            log.warning("mail was not taken: %s", exc, extra=fields)
            return False
        async with self.make_uow() as transaction:
            await transaction.uow.outgoing_mail.sent(mail)
            await transaction.commit()
        return message is not None

    async def _compose(self, sender: Sender, mail: Outgoing, secret: str) -> EmailMessage | None:
        """Return the message; None for a digest whose notices are withdrawn."""
        if not isinstance(mail, DigestMail):
            return confirmation(sender, mail, secret)
        async with self.make_uow() as transaction:
            notices: Sequence[Notice] = await transaction.uow.outgoing_mail.notices(mail)
            await transaction.rollback()
        return digest(sender, mail, notices) if notices else None


@asynccontextmanager
async def sending_mail(sending: MailSending | None, liveness: Liveness) -> AsyncIterator[None]:
    """Send mail during the block; with None do nothing. At the end the present mail is finished."""
    if sending is None:
        yield
        return
    task = asyncio.create_task(_keep_sending(sending, liveness))
    try:
        yield
    finally:
        sending.stopping.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(task, LAST_MAIL)


async def _keep_sending(sending: MailSending, liveness: Liveness) -> None:
    """Send what is due until the end; an outage is logged, and ends nothing."""
    while not sending.stopping.is_set():
        with liveness.working("mail", at_least=LONGEST_PASS):
            await _pass(sending)
        with suppress(TimeoutError):
            await asyncio.wait_for(sending.stopping.wait(), min(PAUSE, sending.every))


async def _pass(sending: MailSending) -> None:
    try:
        if sent := await sending.send_due():
            log.info("mail was sent", extra={"mails": sent})
    except MailServerUnavailable as exc:
        log.warning("no mail was sent: the server is unavailable: %s", exc)
    except TransientFailure as exc:
        log.warning("no mail was sent: %s", exc)
    except Exception as exc:  # noqa: BLE001  # what is wrong with mail ends no relay
        log.warning(
            "no mail was sent", extra={"error": type(exc).__name__}
        )  # and no address is told
