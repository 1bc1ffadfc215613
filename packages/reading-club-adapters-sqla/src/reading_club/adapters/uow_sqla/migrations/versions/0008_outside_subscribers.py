"""Subscribers outside the repository, and positions of replays."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
COLUMNS = ("replay_after", "replay_until")


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: all subscribers that they add are inside."""
    # A constant default rewrites no table.
    op.add_column(
        "subscriptions",
        sa.Column("outside", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    for column in COLUMNS:
        op.add_column("subscriptions", sa.Column(column, sa.BigInteger(), nullable=True))
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. Subscribers outside become subscribers without a release, replays end."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for column in ("outside", *COLUMNS):
        op.drop_column("subscriptions", column)
