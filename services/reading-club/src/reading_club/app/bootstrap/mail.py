"""Opens what sends mail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reading_club.app.bootstrap.database import open_units_of_work
from reading_club.app.mail.mail_sending import MailSending
from reading_club.app.mail.server import MailServer
from reading_club.app.settings import Settings

HOUR = 3_600.0


@asynccontextmanager
async def open_mail_sending(settings: Settings) -> AsyncIterator[MailSending | None]:
    """Yield what sends mail, on connections of its own; None if no server is set.

    Raises as ``open_current_engine`` does.
    """
    if settings.smtp_host is None or settings.origin is None or settings.smtp_sender is None:
        yield None
        return
    password = settings.smtp_password
    server = MailServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_tls,
        settings.smtp_user,
        None if password is None else password.get_secret_value(),
    )
    async with open_units_of_work(settings) as make_uow:
        every = settings.digest_hours * HOUR
        yield MailSending(make_uow, server.connect, settings.origin, settings.smtp_sender, every)
