"""The tables of what members are told of, in memory."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reading_club.service.accounts.secrets import SecretHash


@dataclass(frozen=True)
class NoticeRow:
    """A row of ``notices``, whose key is the account and the event."""

    occurred_at: datetime
    book_id: UUID
    review_id: UUID | None
    created_at: datetime


class NotificationTables:
    """The tables that ports of notifications read and write: mappings from key to row."""

    def __init__(self) -> None:
        self.club_followers: MutableMapping[UUID, datetime] = {}
        self.book_followers: MutableMapping[tuple[UUID, UUID], datetime] = {}
        self.notices: MutableMapping[tuple[UUID, UUID], NoticeRow] = {}
        self.following_feeds: MutableMapping[UUID, tuple[SecretHash, datetime]] = {}

    def forget_notifications_of(self, account_id: UUID) -> None:
        """Delete the rows of an account."""
        self.club_followers.pop(account_id, None)
        self.following_feeds.pop(account_id, None)
        for table in (self.book_followers, self.notices):
            for key in [key for key in table if key[0] == account_id]:
                del table[key]
