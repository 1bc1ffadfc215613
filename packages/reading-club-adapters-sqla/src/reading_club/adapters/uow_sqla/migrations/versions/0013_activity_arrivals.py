"""The arrival positions of activity entries."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: what their workers store has no position.

    The entries that are there get positions in the order of their ids, so that none of them
    arrives anew when its event is delivered or replayed once more.
    """
    op.create_table(
        "activity_arrivals",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_activity_arrivals")),
        sa.UniqueConstraint("id", name=op.f("uq_activity_arrivals_id")),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO activity_arrivals (id) "
        "SELECT id FROM activity UNION SELECT id FROM activity_rebuilt ORDER BY 1"
    )
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. The order in which the entries arrived is lost."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    op.drop_table("activity_arrivals")
