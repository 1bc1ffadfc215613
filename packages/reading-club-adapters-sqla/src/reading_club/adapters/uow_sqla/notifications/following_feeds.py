"""The private feeds, on SQL."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import insert_for
from reading_club.adapters.uow_sqla.session import Session
from reading_club.domain.errors import AccountNotFound
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.following_feeds import FollowingFeeds

_COLUMNS = orm.following_feeds.c


class SQLFollowingFeeds(FollowingFeeds):
    """The feeds, in the table ``following_feeds``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, account_id: UUID, hash: SecretHash) -> None:
        """Replace the row, if there is its account."""
        await self.revoke(account_id)
        row = {"account_id": account_id, "hash": hash}
        if await insert_for(self.session, account_id, orm.following_feeds, row) is None:
            raise AccountNotFound(account_id)

    async def created_at(self, account_id: UUID) -> datetime | None:
        """Return the time of the row, or None."""
        mine = select(_COLUMNS.created_at).where(_COLUMNS.account_id == account_id)
        found: datetime | None = (await self.session.read(mine)).scalar_one_or_none()
        return found

    async def find(self, hash: SecretHash) -> UUID | None:
        """Return the account of the row, or None."""
        theirs = select(_COLUMNS.account_id).where(_COLUMNS.hash == hash)
        found: UUID | None = (await self.session.read(theirs)).scalar_one_or_none()
        return found

    async def revoke(self, account_id: UUID) -> bool:
        """Delete the row."""
        mine = delete(orm.following_feeds).where(_COLUMNS.account_id == account_id)
        return (await self.session.write(mine)).rowcount == 1
