"""The database's own time, reasons for waiting, heartbeats, and schema compatibility."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: every new column has a default or is NULL."""
    moment = sa.DateTime(timezone=True)
    op.add_column("books", sa.Column("registered_at", moment, nullable=True))
    op.add_column("messages", sa.Column("recorded_at", moment, nullable=True))
    op.add_column("outbox", sa.Column("added_at", moment, nullable=True))
    op.add_column("outbox", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(
        "outbox", sa.Column("attempted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("attempts", sa.Column("stalls", sa.Integer(), server_default="0", nullable=False))
    if op.get_bind().dialect.name == "postgresql":
        # In two steps: a default that is there from the beginning would rewrite the table.
        for table, column in COLUMNS:
            op.alter_column(table, column, server_default=sa.text("clock_timestamp()"))
    _processes()
    op.create_index(op.f("ix_messages_recorded_at"), "messages", ["recorded_at"])
    op.create_index("ix_books_registered_at_id", "books", ["registered_at", "id"])


COLUMNS = (("books", "registered_at"), ("messages", "recorded_at"), ("outbox", "added_at"))
"""The columns that the database's clock fills in."""


def _processes() -> None:
    op.create_table(
        "processes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("subscriber", sa.String(length=100), nullable=True),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("release", sa.String(length=50), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clock_offset", sa.Float(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_processes")),
    )
    compatibility = op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("oldest", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_compatibility")),
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. What is deferred in the outbox is sent at once."""
    op.drop_table("schema_compatibility")
    op.drop_table("processes")
    op.drop_index("ix_books_registered_at_id", "books")
    op.drop_index(op.f("ix_messages_recorded_at"), "messages")
    for table, columns in (
        ("attempts", ["stalls"]),
        ("outbox", ["attempted", "reason", "added_at"]),
        ("messages", ["recorded_at"]),
        ("books", ["registered_at"]),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
