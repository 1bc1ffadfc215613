"""The database's own time, reasons for waiting, heartbeats, and schema compatibility."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


CLOCKED = {
    "books": ("registered_at", "id = NEW.id"),
    "messages": ("recorded_at", "position = NEW.position"),
    "outbox": ("added_at", "message_id = NEW.message_id AND subscriber = NEW.subscriber"),
}
"""The columns that the database's clock fills in, and which row a trigger has to change."""

TRIGGER = """\
CREATE TRIGGER {table}_{column} AFTER INSERT ON {table} WHEN NEW.{column} IS NULL BEGIN
    UPDATE {table} SET {column} = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE {row};
END"""
"""What stands for a default on SQLite, which adds no column with one that is not constant."""


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: every new column has a default or is NULL.

    The rows that are there get their times, and the indexes are built, after this transaction: see
    ``migrations.online``.
    """
    moment = sa.DateTime(timezone=True)
    for table, (column, _) in CLOCKED.items():
        op.add_column(table, sa.Column(column, moment, nullable=True))
    op.add_column("outbox", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column(
        "outbox", sa.Column("attempted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("attempts", sa.Column("stalls", sa.Integer(), server_default="0", nullable=False))
    _processes()
    _compatibility()
    _clock()


def _clock() -> None:
    """Have an INSERT that does not name the column, as of an older release, fill it in."""
    for table, (column, row) in CLOCKED.items():
        if op.get_bind().dialect.name == "postgresql":
            # In two steps: a default that is there from the beginning would rewrite the table.
            op.alter_column(table, column, server_default=sa.text("clock_timestamp()"))
        else:
            trigger = TRIGGER.format(table=table, column=column, row=row)
            op.get_bind().exec_driver_sql(trigger)


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


def _compatibility() -> None:
    compatibility = op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.String(length=32), nullable=False),
        sa.Column("oldest", sa.String(length=32), nullable=False),
        sa.Column("finished", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_schema_compatibility")),
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. What is deferred in the outbox is sent at once."""
    op.drop_table("schema_compatibility")
    op.drop_table("processes")
    op.drop_index("ix_books_registered_at_id", "books", if_exists=True)
    op.drop_index(op.f("ix_messages_recorded_at"), "messages", if_exists=True)
    for table, columns in (
        ("attempts", ["stalls"]),
        ("outbox", ["attempted", "reason", "added_at"]),
        ("messages", ["recorded_at"]),
        ("books", ["registered_at"]),
    ):
        with op.batch_alter_table(table) as changed:
            for column in columns:
                changed.drop_column(column)
