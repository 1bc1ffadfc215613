"""The versions in which subscribers outside get events that are stored in other ones."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
subscriptions = sa.table("subscriptions", sa.column("delivered_as", sa.String()))


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: their publishers convert no event."""
    op.add_column("subscriptions", sa.Column("delivered_as", sa.String(length=200), nullable=True))
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def downgrade() -> None:
    """Move down. Subscribers outside get no event any more that would have to be converted."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    op.execute(subscriptions.delete().where(subscriptions.c.delivered_as.is_not(None)))
    op.drop_column("subscriptions", "delivered_as")
