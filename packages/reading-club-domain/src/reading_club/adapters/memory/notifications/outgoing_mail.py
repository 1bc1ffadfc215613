"""The mail that is to be sent, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.notifications.notices import notice_of
from reading_club.adapters.memory.notifications.tables import MailRow
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.mail_addresses import MOST_REFUSALS
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.outgoing_mail import (
    LEASE,
    PAUSE,
    ConfirmationMail,
    DigestMail,
    Outgoing,
    OutgoingMail,
)


class InMemoryOutgoingMail(OutgoingMail):
    """The mail, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def is_due(self, every: float) -> bool:
        """Whether a row is due."""
        return _due(self.transaction.tables, self.transaction.now, every) is not None

    async def take(self, *, id: UUID, hash: SecretHash, every: float) -> Outgoing | None:
        """Lease a row; which it is is decided again at the commit."""
        now, tables = self.transaction.now, self.transaction.tables
        account_id = _due(tables, now, every)
        if account_id is None:
            return None
        is_confirmed = tables.mail_addresses[account_id].confirmed_at is not None
        self.transaction.write(
            lambda tables: _lease(tables, account_id, now, id if is_confirmed else None, hash)
        )
        row = self.transaction.tables.mail_addresses[account_id]
        if row.digest_id is not None:
            return DigestMail(account_id, row.address, row.digest_id, row.unsubscribe)
        return ConfirmationMail(account_id, row.address, hash)

    async def notices(self, digest: DigestMail) -> Sequence[Notice]:
        """Return the notices of the rows that have the digest's id."""
        tables, account_id = self.transaction.tables, digest.account_id
        events = sorted(
            event
            for (account, event), row in tables.notices.items()
            if account == account_id and row.digest_id == digest.id
        )
        found = (notice_of(tables, account_id, event_id) for event_id in events)
        return [notice for notice in found if notice]

    async def sent(self, mail: Outgoing) -> None:
        """End the lease, and set the time."""
        now = self.transaction.now
        time = "digest_at" if isinstance(mail, DigestMail) else "asked_at"
        self._change(mail, **{time: now}, digest_id=None, leased_until=None, refusals=0)

    async def refused(self, mail: Outgoing) -> None:
        """Count the refusal, and prolong the lease."""
        row = self.transaction.tables.mail_addresses.get(mail.account_id)
        if row is not None:
            until = self.transaction.now + timedelta(seconds=PAUSE)
            self._change(mail, refusals=row.refusals + 1, leased_until=until)

    def _change(self, mail: Outgoing, **values: Any) -> None:
        def change(tables: InMemoryDatabase) -> None:
            row = tables.mail_addresses.get(mail.account_id)
            if row is not None and _is_of(mail, row):
                tables.mail_addresses[mail.account_id] = replace(row, **values)

        self.transaction.write(change)


def _is_of(mail: Outgoing, row: MailRow) -> bool:
    if isinstance(mail, DigestMail):
        return row.digest_id == mail.id
    return row.hash == mail.hash


def _lease(
    tables: InMemoryDatabase,
    account_id: UUID,
    now: datetime,
    digest_id: UUID | None,
    hash: SecretHash,
) -> None:
    row = tables.mail_addresses.get(account_id)
    if row is None or not _is_free(row, now):
        raise WriteConflict("another transaction has taken the mail, or removed the address")
    until = now + timedelta(seconds=LEASE)
    if digest_id is None:
        row = replace(row, hash=hash)
    elif row.digest_id is None:
        row = replace(row, digest_id=digest_id)
        for key in _untold(tables, account_id, row):
            tables.notices[key] = replace(tables.notices[key], digest_id=digest_id)
    tables.mail_addresses[account_id] = replace(row, leased_until=until)


def _due(tables: InMemoryDatabase, now: datetime, every: float) -> UUID | None:
    """Return the account whose mail is due, the lowest id first; None if there is none."""
    for account_id, row in sorted(tables.mail_addresses.items()):
        if _is_free(row, now) and _has_mail(tables, account_id, now, every):
            return account_id
    return None


def _is_free(row: MailRow, now: datetime) -> bool:
    is_leased = row.leased_until is not None and row.leased_until > now
    return not is_leased and row.refusals < MOST_REFUSALS


def _has_mail(tables: InMemoryDatabase, account_id: UUID, now: datetime, every: float) -> bool:
    row = tables.mail_addresses[account_id]
    if row.confirmed_at is None:
        return row.asked_at is None
    last = row.digest_at or row.confirmed_at
    is_time = last <= now - timedelta(seconds=every)
    return row.digest_id is not None or (is_time and bool(_untold(tables, account_id, row)))


def _untold(
    tables: InMemoryDatabase, account_id: UUID, row: MailRow
) -> Sequence[tuple[UUID, UUID]]:
    """Return the keys of the notices since the address was confirmed that no digest has."""
    return [
        key
        for key, notice in tables.notices.items()
        if key[0] == account_id
        and notice.digest_id is None
        and row.confirmed_at is not None
        and notice.created_at >= row.confirmed_at
    ]
