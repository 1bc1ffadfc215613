"""Checks of the settings for mail, which need each other."""

from typing import Any, Literal

from pydantic import ValidationInfo

from reading_club.app.mail.address import Address

Tls = Literal["starttls", "tls", "off"]


def require_origin(host: str | None, info: ValidationInfo) -> str | None:
    """Raise ValueError for a mail server without the origin that links in mails begin with."""
    if host is not None and info.data.get("origin") is None:
        raise ValueError("needs READING_CLUB_ORIGIN, with which the links in mails begin")
    return host


def require_sender(sender: Address | None, info: ValidationInfo) -> Address | None:
    """Raise ValueError for a mail server without a sender."""
    if sender is None and info.data.get("smtp_host") is not None:
        raise ValueError("must be set beside READING_CLUB_SMTP_HOST")
    return sender


def require_password(password: Any, info: ValidationInfo) -> Any:
    """Raise ValueError for a user without a password."""
    if password is None and info.data.get("smtp_user") is not None:
        raise ValueError("must be set beside READING_CLUB_SMTP_USER")
    return password
