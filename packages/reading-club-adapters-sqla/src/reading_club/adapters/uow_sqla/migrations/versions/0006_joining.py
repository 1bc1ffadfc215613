"""Requests to join, password links, and the club's settings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: they do not know the tables."""
    op.create_table(
        "join_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("nickname", sa.String(length=50), nullable=False),
        sa.Column("nickname_key", sa.String(length=150), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_requests")),
        sa.UniqueConstraint("nickname_key", name=op.f("uq_join_requests_nickname_key")),
    )
    _create_password_links()
    op.create_table(
        "club_settings",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("open_to_read", sa.Boolean(), nullable=False),
        sa.Column("may_ask_to_join", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_club_settings_number")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_club_settings_version")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_club_settings")),
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _create_password_links() -> None:
    foreign_keys = [
        sa.ForeignKeyConstraint(
            [column],
            ["accounts.id"],
            name=op.f(f"fk_password_links_{column}_accounts"),
            ondelete="CASCADE",
        )
        for column in ("account_id", "created_by")
    ]
    op.create_table(
        "password_links",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        *foreign_keys,
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_password_links")),
        sa.UniqueConstraint("hash", name=op.f("uq_password_links_hash")),
    )
    op.create_index(op.f("ix_password_links_created_by"), "password_links", ["created_by"])


def downgrade() -> None:
    """Move down. Requests to join are lost, and the settings are the defaults again."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for table in ("club_settings", "password_links", "join_requests"):
        op.drop_table(table)
