"""The tables of what members are told of. What belongs to an account goes with it."""

from sqlalchemy import Column, ForeignKey, SmallInteger, String, Table, Uuid

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
    Column("digest_id", Uuid, nullable=True),
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

mail_addresses = Table(
    "mail_addresses",
    metadata,
    _account(),
    Column("address", String(254), nullable=False),
    Column("unsubscribe", String(43), nullable=False, unique=True),
    Column("hash", String(64), nullable=True, unique=True),
    Column("asked_at", UtcDateTime, nullable=True),
    Column("confirmed_at", UtcDateTime, nullable=True),
    Column("digest_id", Uuid, nullable=True),
    Column("digest_at", UtcDateTime, nullable=True),
    Column("leased_until", UtcDateTime, nullable=True),
    Column("refusals", SmallInteger, nullable=False, server_default="0"),
)
"""The address of an account. ``hash`` is that of the link which confirms it, sent at ``asked_at``.

``unsubscribe`` is a secret that each digest has, as it is, so that a digest that is sent again is
the same: it does nothing but delete the row. ``digest_id`` is the digest that is being sent.
"""
