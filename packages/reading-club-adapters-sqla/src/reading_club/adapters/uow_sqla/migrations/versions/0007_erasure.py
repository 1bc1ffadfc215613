"""Erased reviewers, and messages that were redacted."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
COLUMNS = (("messages", "redacted"), ("reviewers", "erased"))


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: no way of theirs leads to an erasure."""
    for table, column in COLUMNS:
        # A constant default rewrites no table.
        op.add_column(
            table, sa.Column(column, sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    op.create_table(
        "activity_erasures",
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("reviewer_id", name=op.f("pk_activity_erasures")),
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. What was erased stays so; what arrives later of an erased reviewer does not."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    op.drop_table("activity_erasures")
    for table, column in reversed(COLUMNS):
        op.drop_column(table, column)
