"""What is sent by mail: plain text, and nothing that tells who read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from reading_club.app.notice_text import sentence_of
from reading_club.service.notifications.mail_addresses import DAY, LINK_VALID
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.outgoing_mail import ConfirmationMail, DigestMail

CONFIRM: Final = "/mail/confirm"
UNSUBSCRIBE: Final = "/mail/unsubscribe"
"""Paths of the pages that a mail links to, each with its secret as ``token``."""
MOST_LINES: Final = 100
"""Notices of a digest that are told; of the others only the number is."""

CONFIRMATION: Final = """\
Somebody wants to get mail from {club} at this address: what is new in the books that they follow.

If this is you, open this link within {days:.0f} days:
{link}

If it is not, you need not do anything: the club forgets the address.
"""
DIGEST: Final = """\
This is new in what you follow in {club}:

{news}

What you follow, and how: {origin}/account#following
End these mails: {link}
"""


@dataclass(frozen=True)
class Sender:
    """Who sends the mail: the club, its public origin, and the address that answers go to."""

    club: str
    origin: str
    address: str

    def link(self, path: str, secret: str) -> str:
        """Return the URL of a page that takes a secret."""
        return f"{self.origin}{path}?{urlencode({'token': secret})}"

    def message_id(self, unique: str) -> str:
        """Return the Message-ID of a mail; the same one if it is sent again."""
        return f"<{unique}@{urlsplit(self.origin).hostname}>"


def confirmation(sender: Sender, mail: ConfirmationMail, secret: str) -> EmailMessage:
    """Return the mail with the link that confirms its address; each attempt has another secret."""
    message = _message(sender, mail.address, f"Confirm your address for {sender.club}")
    message["Message-ID"] = sender.message_id(f"confirmation.{mail.hash[:32]}")
    message["Date"] = datetime.now(UTC)
    link, days = sender.link(CONFIRM, secret), LINK_VALID / DAY
    message.set_content(CONFIRMATION.format(club=sender.club, days=days, link=link))
    return message


def digest(sender: Sender, mail: DigestMail, notices: Sequence[Notice]) -> EmailMessage:
    """Return the mail with the notices, which the receiver can end by one click (RFC 8058).

    The same digest has the same bytes, so that a receiver may know one that is sent twice.
    """
    message = _message(sender, mail.address, f"What is new in {sender.club}")
    message["Message-ID"] = sender.message_id(f"digest.{mail.id}")
    message["Date"] = _time_of(mail.id)
    link = sender.link(UNSUBSCRIBE, mail.unsubscribe)
    message["List-Unsubscribe"] = f"<{link}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    news = [f"- {sentence_of(n)}\n  {sender.origin}/books/{n.book_id}" for n in notices]
    if (more := len(news) - MOST_LINES) > 0:
        news = [*news[:MOST_LINES], f"- and {more} more: {sender.origin}/activity"]
    text = DIGEST.format(club=sender.club, news="\n".join(news), origin=sender.origin, link=link)
    message.set_content(text)
    return message


def _message(sender: Sender, to: str, subject: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=sender.club, addr_spec=sender.address)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    return message


def _time_of(id: UUID) -> datetime:
    """Return the time at which a UUIDv7 was made."""
    return datetime.fromtimestamp((id.int >> 80) // 1000, UTC)
