"""The outbox, the inbox, and what belongs to them; the catalogue."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TUNING = """\
ALTER TABLE outbox SET (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0,
    fillfactor = 50
)"""
"""The outbox is small and changes all the time: its dead rows are removed by number, not by share,
and what an outage updates finds room beside itself."""


def upgrade() -> None:
    """Move up. The catalogue begins with the books and the ratings that are there."""
    _delivery()
    _operation()
    _catalogue()
    op.create_index(op.f("ix_messages_created_at"), "messages", ["created_at"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(TUNING)


def _delivery() -> None:
    op.create_table(
        "outbox",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("envelope", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", "subscriber", name=op.f("pk_outbox")),
    )
    op.create_table(
        "inbox",
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "message_id", name=op.f("pk_inbox")),
    )
    op.create_index(op.f("ix_inbox_received_at"), "inbox", ["received_at"])
    for name, moment in (("attempts", "at"), ("resends", "again_at")):
        op.create_table(
            name,
            sa.Column("subscriber", sa.String(length=100), nullable=False),
            sa.Column("message_id", sa.Uuid(), nullable=False),
            sa.Column("number", sa.Integer(), nullable=False),
            sa.Column(moment, sa.DateTime(timezone=True), nullable=False),
            sa.PrimaryKeyConstraint("subscriber", "message_id", name=op.f(f"pk_{name}")),
        )


def _operation() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "type", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "audit",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("subscriber", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("dead_letters") as letters:
        letters.add_column(sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
        letters.add_column(
            sa.Column("parked", sa.Boolean(), server_default=sa.false(), nullable=False)
        )


def _catalogue() -> None:
    op.create_table(
        "catalogue",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("isbn", sa.String(length=13), nullable=False),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_catalogue")),
    )
    op.create_table(
        "catalogue_ratings",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_catalogue_ratings")),
    )
    op.create_index(op.f("ix_catalogue_ratings_book_id"), "catalogue_ratings", ["book_id"])
    op.execute("INSERT INTO catalogue SELECT id, title, author, isbn FROM books")
    op.execute("INSERT INTO catalogue_ratings SELECT id, book_id, rating, version FROM reviews")


def downgrade() -> None:
    """Move down. What waits in the outbox is lost."""
    op.drop_index(op.f("ix_messages_created_at"), "messages")
    with op.batch_alter_table("dead_letters") as letters:
        letters.drop_column("parked")
        letters.drop_column("attempts")
    for name in (
        "catalogue_ratings",
        "catalogue",
        "audit",
        "subscriptions",
        "resends",
        "attempts",
        "inbox",
        "outbox",
    ):
        op.drop_table(name)
