"""The tables of accounts. Of a secret they hold its hash alone, and no message is made of a row."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    SmallInteger,
    String,
    Table,
    Uuid,
)

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime


def _time(name: str) -> Column[object]:
    return Column(name, UtcDateTime, nullable=False, default=DatabaseTime())


def _hash() -> Column[object]:
    return Column("hash", String(64), nullable=False, unique=True)


def _account(name: str) -> Column[object]:
    key = ForeignKey("accounts.id", ondelete="CASCADE")
    return Column(name, key, nullable=False, index=True)


accounts = Table(
    "accounts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reviewer_id", ForeignKey("reviewers.id"), nullable=False, unique=True),
    Column("role", String(20), nullable=False),
    Column("password_hash", String(255), nullable=False),
    _time("created_at"),
    CheckConstraint("role IN ('organiser', 'member')", name="role"),
)
"""The members who can log in. What belongs to an account goes with it."""

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    _account("account_id"),
    _time("created_at"),
    _time("last_used_at"),
    Column("label", String(200), nullable=False),
)
"""``last_used_at`` is set at most every few minutes."""

invitations = Table(
    "invitations",
    metadata,
    Column("id", Uuid, primary_key=True),
    _hash(),
    _account("created_by"),
    _time("created_at"),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("revoked_at", UtcDateTime, nullable=True),
    CheckConstraint("uses_left >= 0", name="uses_left"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Uuid, primary_key=True),
    _account("account_id"),
    Column("name", String(100), nullable=False),
    _hash(),
    _time("created_at"),
    Column("last_used_at", UtcDateTime, nullable=True),
)
"""The tokens of the API."""

welcome_links = Table(
    "welcome_links",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("hash", String(64), nullable=False),
    _time("created_at"),
    CheckConstraint("number = 1", name="number"),
)
"""The one welcome link of a club without an organiser, or no row."""

join_requests = Table(
    "join_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("nickname", String(50), nullable=False),
    Column("nickname_key", String(150), nullable=False, unique=True),
    Column("password_hash", String(255), nullable=False),
    _time("created_at"),
)
"""The requests to join that wait for an answer."""

password_links = Table(
    "password_links",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    _hash(),
    _account("created_by"),
    _time("created_at"),
    Column("expires_at", UtcDateTime, nullable=False),
)
"""The link of an account whose member forgot the password."""

club_settings = Table(
    "club_settings",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", String(80), nullable=False),
    Column("open_to_read", Boolean, nullable=False),
    Column("may_ask_to_join", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("number = 1", name="number"),
    CheckConstraint("version >= 1", name="version"),
)
"""The settings of the club; no row before their first change."""
