"""Accounts, their sessions, invitations and tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: they do not know the tables."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("role IN ('organiser', 'member')", name=op.f("ck_accounts_role")),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["reviewers.id"], name=op.f("fk_accounts_reviewer_id_reviewers")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("reviewer_id", name=op.f("uq_accounts_reviewer_id")),
    )
    _create_table_of_accounts(
        "sessions",
        "account_id",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    _create_table_of_accounts(
        "invitations",
        "created_by",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.CheckConstraint("uses_left >= 0", name=op.f("ck_invitations_uses_left")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("hash", name=op.f("uq_invitations_hash")),
    )
    _create_table_of_accounts(
        "tokens",
        "account_id",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("last_used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_table(
        "welcome_links",
        sa.Column("number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("number = 1", name=op.f("ck_welcome_links_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_welcome_links")),
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _create_table_of_accounts(
    table: str, account: str, *columns: sa.Column[object] | sa.Constraint
) -> None:
    """Create a table whose rows belong to an account, named by the column ``account``."""
    foreign_key = sa.ForeignKeyConstraint(
        [account],
        ["accounts.id"],
        name=op.f(f"fk_{table}_{account}_accounts"),
        ondelete="CASCADE",
    )
    op.create_table(
        table,
        sa.Column(account, sa.Uuid(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        *columns,
        foreign_key,
    )
    op.create_index(op.f(f"ix_{table}_{account}"), table, [account])


def downgrade() -> None:
    """Move down. No member can log in afterwards."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for table in ("welcome_links", "tokens", "invitations", "sessions", "accounts"):
        op.drop_table(table)
