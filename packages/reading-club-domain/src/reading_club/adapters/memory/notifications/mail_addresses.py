"""The addresses for notices, in memory."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.adapters.memory.notifications.tables import MailRow
from reading_club.domain.errors import AccountNotFound
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.mail_addresses import (
    LINK_VALID,
    MOST_REFUSALS,
    AddressState,
    MailAddress,
    MailAddresses,
)


class InMemoryMailAddresses(MailAddresses):
    """The addresses, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def put(self, account_id: UUID, address: str, *, unsubscribe: str) -> None:
        """Store the account's row, unless the address is confirmed."""

        def put(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            row = tables.mail_addresses.get(account_id)
            if row is None or row.address != address or _state(row) != AddressState.CONFIRMED:
                tables.mail_addresses[account_id] = MailRow(address, unsubscribe)

        self.transaction.write(put)

    async def find(self, account_id: UUID) -> MailAddress | None:
        """Return the address of the row, or None."""
        row = self.transaction.tables.mail_addresses.get(account_id)
        return None if row is None else MailAddress(row.address, _state(row))

    async def remove(self, account_id: UUID) -> bool:
        """Delete the row."""
        if account_id not in self.transaction.tables.mail_addresses:
            return False
        self.transaction.write(lambda tables: tables.mail_addresses.pop(account_id, None))
        return True

    async def confirm(self, hash: SecretHash) -> bool:
        """Set the time of the row."""
        now, tables = self.transaction.now, self.transaction.tables
        found = (id_ for id_, row in tables.mail_addresses.items() if row.hash == hash)
        account_id = next(found, None)
        if account_id is None or _has_expired(tables.mail_addresses[account_id], now):
            return False

        def confirm(tables: InMemoryDatabase) -> None:
            row = tables.mail_addresses.get(account_id)
            if row is not None and row.confirmed_at is None:
                tables.mail_addresses[account_id] = replace(row, confirmed_at=now)

        self.transaction.write(confirm)
        return True

    async def unsubscribe(self, secret: str) -> bool:
        """Delete the row."""
        rows = self.transaction.tables.mail_addresses.items()
        found = next((id_ for id_, row in rows if row.unsubscribe == secret), None)
        return found is not None and await self.remove(found)

    async def prune(self) -> int:
        """Delete expired rows."""
        now, rows = self.transaction.now, self.transaction.tables.mail_addresses.items()
        expired = [id_ for id_, row in rows if row.confirmed_at is None and _has_expired(row, now)]
        for account_id in expired:
            await self.remove(account_id)
        return len(expired)


def _state(row: MailRow) -> AddressState:
    if row.refusals >= MOST_REFUSALS:
        return AddressState.REFUSED
    return AddressState.CONFIRMED if row.confirmed_at else AddressState.UNCONFIRMED


def _has_expired(row: MailRow, now: datetime) -> bool:
    return row.asked_at is not None and row.asked_at <= now - timedelta(seconds=LINK_VALID)
