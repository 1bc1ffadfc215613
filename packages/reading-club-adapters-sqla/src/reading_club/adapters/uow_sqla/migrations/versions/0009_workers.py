"""Failed attempts, paused subscribers, and messages that a worker gave back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: their workers know of no pause."""
    op.create_table(
        "failures",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failures")),
    )
    op.create_index(op.f("ix_failures_message_id"), "failures", ["message_id"])
    op.create_index(op.f("ix_failures_at"), "failures", ["at"])
    op.create_table(
        "pauses",
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("pk_pauses")),
    )
    op.create_table(
        "returned",
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "message_id", name=op.f("pk_returned")),
    )
    op.create_index(op.f("ix_returned_at"), "returned", ["at"])
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. Paused subscribers go on, and the failures of attempts are forgotten."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for name in ("returned", "pauses", "failures"):
        op.drop_table(name)
