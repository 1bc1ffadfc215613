"""Projections that can be rebuilt: generations of their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
REBUILT = {
    "catalogue": ("catalogue", "book_id, title, author, isbn"),
    "catalogue_ratings": ("catalogue", "review_id, book_id, rating, version, withdrawn"),
    "catalogue_counts": ("catalogue", "book_id, rating, reviews"),
    "activity": ("activity", "id, type, occurred_at, payload"),
}
"""The tables with generations, each with its projection and its columns."""

DELETED = """\
INSERT INTO history_deletions (type, at) SELECT DISTINCT type, {now} FROM subscriptions
WHERE (SELECT min(position) FROM messages) > 1
    OR (NOT EXISTS (SELECT 1 FROM messages) AND EXISTS (SELECT 1 FROM books))"""
"""A history without its first message may lack others: an earlier release did not record it."""


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: their tables are the generation 0.

    They know no other one, so all of their processes have to be stopped before the first rebuild.
    """
    op.create_table(
        "projections",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("live", sa.Integer(), server_default="0", nullable=False),
        sa.Column("newest", sa.Integer(), server_default="0", nullable=False),
        sa.Column("building", sa.Integer(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_projections")),
    )
    op.create_table(
        "history_deletions",
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("type", name=op.f("pk_history_deletions")),
    )
    _catalogue()
    _activity()
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    now = "strftime('%Y-%m-%d %H:%M:%f000', 'now')" if is_sqlite else "clock_timestamp()"
    op.execute(DELETED.format(now=now))
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _generation() -> sa.Column[int]:
    return sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False)


def _catalogue() -> None:
    op.create_table(
        "catalogue_rebuilt",
        _generation(),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("isbn", sa.String(length=13), nullable=False),
        sa.PrimaryKeyConstraint("generation", "book_id", name=op.f("pk_catalogue_rebuilt")),
    )
    op.create_table(
        "catalogue_ratings_rebuilt",
        _generation(),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "review_id", name=op.f("pk_catalogue_ratings_rebuilt")
        ),
    )
    op.create_table(
        "catalogue_counts_rebuilt",
        _generation(),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "generation", "book_id", "rating", name=op.f("pk_catalogue_counts_rebuilt")
        ),
    )


def _activity() -> None:
    op.create_table(
        "activity_rebuilt",
        _generation(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=200), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("generation", "id", name=op.f("pk_activity_rebuilt")),
    )


def downgrade() -> None:
    """Move down. Rows of a rebuilt projection that is live become those of its table."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for table, (projection, columns) in REBUILT.items():
        live = f"(SELECT live FROM projections WHERE name = '{projection}')"  # noqa: S608  # names of this module
        op.execute(f"DELETE FROM {table} WHERE {live} > 0")  # noqa: S608
        op.execute(
            f"INSERT INTO {table} ({columns}) "  # noqa: S608
            f"SELECT {columns} FROM {table}_rebuilt WHERE generation = {live}"
        )
        op.drop_table(f"{table}_rebuilt")
    for table in ("history_deletions", "projections"):
        op.drop_table(table)
