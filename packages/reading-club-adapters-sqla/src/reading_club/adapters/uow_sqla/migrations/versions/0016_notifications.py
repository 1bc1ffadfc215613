"""What members follow, their notices, their private feeds, and their addresses for digests."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: they do not know the tables."""
    _of_account("club_followers", sa.Column("since", MOMENT, nullable=False))
    _create_book_followers()
    _create_notices()
    _of_account(
        "following_feeds",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("hash", name=op.f("uq_following_feeds_hash")),
    )
    _create_mail_addresses()
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _of_account(
    table: str, *others: sa.Column[Any] | sa.Constraint, key: tuple[str, ...] = ("account_id",)
) -> None:
    """Create a table whose rows belong to accounts."""
    op.create_table(
        table,
        sa.Column("account_id", sa.Uuid(), nullable=False),
        *others,
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f(f"fk_{table}_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(*key, name=op.f(f"pk_{table}")),
    )


def _create_book_followers() -> None:
    _of_account(
        "book_followers",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["book_id"],
            ["books.id"],
            name=op.f("fk_book_followers_book_id_books"),
            ondelete="CASCADE",
        ),
        key=("account_id", "book_id"),
    )
    op.create_index(op.f("ix_book_followers_book_id"), "book_followers", ["book_id"])


def _create_notices() -> None:
    _of_account(
        "notices",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("digest_id", sa.Uuid(), nullable=True),
        key=("account_id", "event_id"),
    )
    op.create_index(op.f("ix_notices_created_at"), "notices", ["created_at"])


def _create_mail_addresses() -> None:
    times = ("asked_at", "confirmed_at", "digest_at", "leased_until")
    _of_account(
        "mail_addresses",
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("unsubscribe", sa.String(length=43), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("digest_id", sa.Uuid(), nullable=True),
        *[sa.Column(name, MOMENT, nullable=True) for name in times],
        sa.Column("refusals", sa.SmallInteger(), server_default="0", nullable=False),
        sa.UniqueConstraint("unsubscribe", name=op.f("uq_mail_addresses_unsubscribe")),
        sa.UniqueConstraint("hash", name=op.f("uq_mail_addresses_hash")),
    )


def downgrade() -> None:
    """Move down. What members follow, and their notices, are lost."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for table in (
        "mail_addresses",
        "following_feeds",
        "notices",
        "book_followers",
        "club_followers",
    ):
        op.drop_table(table)
