"""The password links, in memory."""

from datetime import datetime, timedelta
from uuid import UUID

from reading_club.adapters.memory.accounts.tables import PasswordLinkRow
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import AccountNotFound
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.accounts import Account
from reading_club.service.accounts.password_links import VALID_FOR, PasswordLinks
from reading_club.service.accounts.secrets import SecretHash


class InMemoryPasswordLinks(PasswordLinks):
    """The password links, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(self, hash: SecretHash, *, account_id: UUID, created_by: UUID) -> datetime:
        """Store the account's row."""
        expires_at = self.transaction.now + timedelta(seconds=VALID_FOR)

        def put(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            tables.require_organiser(created_by)
            tables.password_links[account_id] = PasswordLinkRow(hash, created_by, expires_at)

        self.transaction.write(put)
        return expires_at

    async def redeem(self, hash: SecretHash) -> Account | None:
        """Delete the row; whether it is there is checked again at the commit."""
        now = self.transaction.now
        account_id = _account_of(self.transaction.tables, hash, now)
        if account_id is None:
            return None

        def use(tables: InMemoryDatabase) -> None:
            if _account_of(tables, hash, now) is None:
                raise WriteConflict("another transaction has used or ended the link")
            del tables.password_links[account_id]

        self.transaction.write(use)
        return self.transaction.tables.account(account_id)


def _account_of(tables: InMemoryDatabase, hash: SecretHash, now: datetime) -> UUID | None:
    links = tables.password_links.items()
    return next((id_ for id_, row in links if row.hash == hash and row.expires_at > now), None)
