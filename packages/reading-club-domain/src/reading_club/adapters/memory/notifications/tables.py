"""The tables of what members are told of, in memory."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
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
    digest_id: UUID | None = None


@dataclass(frozen=True)
class MailRow:
    """A row of ``mail_addresses``, whose key is the account."""

    address: str = field(repr=False)
    unsubscribe: str = field(repr=False)
    hash: SecretHash | None = field(default=None, repr=False)
    asked_at: datetime | None = None
    confirmed_at: datetime | None = None
    digest_id: UUID | None = None
    digest_at: datetime | None = None
    leased_until: datetime | None = None
    refusals: int = 0


class NotificationTables:
    """The tables that ports of notifications read and write: mappings from key to row."""

    def __init__(self) -> None:
        self.club_followers: MutableMapping[UUID, datetime] = {}
        self.book_followers: MutableMapping[tuple[UUID, UUID], datetime] = {}
        self.notices: MutableMapping[tuple[UUID, UUID], NoticeRow] = {}
        self.following_feeds: MutableMapping[UUID, tuple[SecretHash, datetime]] = {}
        self.mail_addresses: MutableMapping[UUID, MailRow] = {}

    def forget_notifications_of(self, account_id: UUID) -> None:
        """Delete the rows of an account."""
        self.club_followers.pop(account_id, None)
        self.following_feeds.pop(account_id, None)
        self.mail_addresses.pop(account_id, None)
        for table in (self.book_followers, self.notices):
            for key in [key for key in table if key[0] == account_id]:
                del table[key]
