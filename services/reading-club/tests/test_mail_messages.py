"""What mail says, byte by byte."""

from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import UUID

import pytest
from lastuuid import uuid7

from reading_club.app.mail.messages import MOST_LINES, Sender, confirmation, digest
from reading_club.app.notice_text import isolated
from reading_club.service.accounts.secrets import hash_of
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.outgoing_mail import ConfirmationMail, DigestMail

SENDER = Sender("Olga's club", "https://club.example", "club@club.example")
BOOK = UUID("0199e3a0-0000-7000-8000-000000000001")
MAIL = DigestMail(uuid7(), "ann@example.org", uuid7(), "the-secret")


def a_notice(title: str = "Emma", nickname: str | None = None) -> Notice:
    """Return a notice of a book, or with a nickname of a review."""
    rating = None if nickname is None else 8
    return Notice(uuid7(), datetime.now(UTC), BOOK, title, "Jane Austen", nickname, rating)


def text_of(message: EmailMessage) -> str:
    """Return the text of a mail."""
    text: str = message.get_content()
    return text


def test_a_digest_tells_what_is_new() -> None:
    """In plain text: sentences as in the feed, with links, and how to end the mail."""
    message = digest(SENDER, MAIL, [a_notice(), a_notice("書架", "Zoë")])

    assert message.get_content_type() == "text/plain"
    assert (
        text_of(message)
        == f"""\
This is new in what you follow in Olga's club:

- “Emma” by Jane Austen joined the shelf.
  https://club.example/books/{BOOK}
- {isolated("Zoë")} rated “{isolated("書架")}” 8 of 10.
  https://club.example/books/{BOOK}

What you follow, and how: https://club.example/account#following
End these mails: https://club.example/mail/unsubscribe?token=the-secret
"""
    )


def test_a_digest_can_be_ended_by_one_click() -> None:
    """By the headers of RFC 8058; programs that answer mail are told not to."""
    message = digest(SENDER, MAIL, [a_notice()])

    link = "https://club.example/mail/unsubscribe?token=the-secret"
    assert message["List-Unsubscribe"] == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["To"] == "ann@example.org"
    assert message["From"] == "Olga's club <club@club.example>"
    assert message["Subject"] == "What is new in Olga's club"


def test_the_same_digest_has_the_same_bytes() -> None:
    """Also its date, and the Message-ID by which a receiver may know it; another has another."""
    notices = [a_notice()]
    first, second = (digest(SENDER, MAIL, notices) for _ in range(2))
    other = digest(SENDER, DigestMail(MAIL.account_id, MAIL.address, uuid7(), "s"), notices)

    assert first.as_bytes() == second.as_bytes()
    assert first["Message-ID"] == f"<digest.{MAIL.id}@club.example>"
    assert other["Message-ID"] != first["Message-ID"]
    old = digest(SENDER, DigestMail(MAIL.account_id, MAIL.address, BOOK, "s"), notices)
    assert old["Date"].datetime == datetime.fromtimestamp((BOOK.int >> 80) // 1000, UTC)


def test_a_long_digest_is_cut() -> None:
    """Of what is too much, the number is told."""
    text = text_of(digest(SENDER, MAIL, [a_notice()] * (MOST_LINES + 20)))

    assert text.count("joined the shelf") == MOST_LINES
    assert "- and 20 more: https://club.example/activity" in text


def test_a_confirmation_has_its_link() -> None:
    """And nothing of the member, as the address may be another person's."""
    mail = ConfirmationMail(uuid7(), "ann@example.org", hash_of("the-secret"))

    message = confirmation(SENDER, mail, "the-secret")

    assert "within 7 days:\nhttps://club.example/mail/confirm?token=the-secret\n" in text_of(
        message
    )
    assert message["Subject"] == "Confirm your address for Olga's club"
    assert mail.hash[:32] in message["Message-ID"]
    assert "List-Unsubscribe" not in message


@pytest.mark.parametrize("club", ["Zoë & 書架", 'The "club", <x>', "a" * 80])
def test_the_club_s_name_adds_no_header(club: str) -> None:
    """Whatever it is, the mail has the same headers, and the name is read as it was written."""
    sender = Sender(club, "https://club.example", "club@club.example")

    message = digest(sender, MAIL, [a_notice()])

    assert message["From"].addresses[0].display_name == club
    assert message["From"].addresses[0].addr_spec == "club@club.example"
    assert message["Subject"] == f"What is new in {club}"
    assert len(message.as_bytes().split(b"\r\n\r\n", 1)[0].split(b"\r\nFrom:")) <= 2
