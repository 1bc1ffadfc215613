"""The tables of what members are told of. What belongs to an account goes with it."""

from sqlalchemy import Column, ForeignKey, String, Table, Uuid

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime


def _account() -> Column[object]:
    return Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)


def _time(name: str) -> Column[object]:
    return Column(name, UtcDateTime, nullable=False, default=DatabaseTime())


club_followers = Table("club_followers", metadata, _account(), _time("since"))

book_followers = Table(
    "book_followers",
    metadata,
    _account(),
    Column("book_id", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True, index=True),
    _time("since"),
)

notices = Table(
    "notices",
    metadata,
    _account(),
    Column("event_id", Uuid, primary_key=True),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("book_id", Uuid, nullable=False),
    Column("review_id", Uuid, nullable=True),
    Column("created_at", UtcDateTime, nullable=False, default=DatabaseTime(), index=True),
)
"""One row for an account and an event. It has ids alone: texts are read when they are told."""

following_feeds = Table(
    "following_feeds",
    metadata,
    _account(),
    Column("hash", String(64), nullable=False, unique=True),
    _time("created_at"),
)
"""The feed of an account, by the hash of its secret."""
