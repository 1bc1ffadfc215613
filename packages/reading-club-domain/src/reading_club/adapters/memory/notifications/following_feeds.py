"""The private feeds, in memory."""

from datetime import datetime
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import AccountNotFound
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.following_feeds import FollowingFeeds


class InMemoryFollowingFeeds(FollowingFeeds):
    """The feeds, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def put(self, account_id: UUID, hash: SecretHash) -> None:
        """Store the account's row."""
        now = self.transaction.now

        def put(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            tables.following_feeds[account_id] = (hash, now)

        self.transaction.write(put)

    async def created_at(self, account_id: UUID) -> datetime | None:
        """Return the time of the row, or None."""
        row = self.transaction.tables.following_feeds.get(account_id)
        return None if row is None else row[1]

    async def find(self, hash: SecretHash) -> UUID | None:
        """Return the key of the row, or None."""
        rows = self.transaction.tables.following_feeds.items()
        return next((account_id for account_id, row in rows if row[0] == hash), None)

    async def revoke(self, account_id: UUID) -> bool:
        """Delete the row."""
        if account_id not in self.transaction.tables.following_feeds:
            return False
        self.transaction.write(lambda tables: tables.following_feeds.pop(account_id, None))
        return True
