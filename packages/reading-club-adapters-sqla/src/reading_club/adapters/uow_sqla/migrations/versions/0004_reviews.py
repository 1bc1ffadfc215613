"""Reviews that can be withdrawn, counts of ratings, and nicknames that look the same."""

import sqlalchemy as sa
from alembic import op

from reading_club.domain.text import nickname_key

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

reviewers = sa.table(
    "reviewers",
    sa.column("id", sa.Uuid()),
    sa.column("nickname", sa.String()),
    sa.column("nickname_key", sa.String()),
)
compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
INDEX = "ix_reviews_reviewer_id_created_at"


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: no way of theirs leads to a review."""
    moment = sa.DateTime(timezone=True)
    op.add_column(
        "reviews", sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("reviews", sa.Column("created_at", moment, nullable=True))
    op.add_column("reviews", sa.Column("updated_at", moment, nullable=True))
    op.create_index(INDEX, "reviews", ["reviewer_id", "created_at"])
    op.add_column(
        "catalogue_ratings",
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "catalogue_counts",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "rating", name=op.f("pk_catalogue_counts")),
    )
    op.execute(
        "INSERT INTO catalogue_counts (book_id, rating, reviews) "
        "SELECT book_id, rating, count(*) FROM catalogue_ratings GROUP BY book_id, rating"
    )
    _mend_nicknames()
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _mend_nicknames() -> None:
    """Recompute the keys. Of nicknames that look the same, all but the oldest get a suffix."""
    connection, taken = op.get_bind(), set[str]()
    for row in connection.execute(sa.select(reviewers).order_by(reviewers.c.id)).all():
        nickname, number = row.nickname, 1
        while nickname_key(nickname) in taken:
            number += 1
            suffix = f" {number}"
            nickname = row.nickname[: 50 - len(suffix)] + suffix
        taken.add(nickname_key(nickname))
        if (nickname, nickname_key(nickname)) != (row.nickname, row.nickname_key):
            changed = {"nickname": nickname, "nickname_key": nickname_key(nickname)}
            connection.execute(reviewers.update().where(reviewers.c.id == row.id).values(changed))


def downgrade() -> None:
    """Move down. Reviews that were withdrawn are there again, without their comments."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    op.drop_table("catalogue_counts")
    op.drop_index(INDEX, "reviews")
    with op.batch_alter_table("catalogue_ratings") as changed:
        changed.drop_column("withdrawn")
    with op.batch_alter_table("reviews") as changed:
        for column in ("updated_at", "created_at", "withdrawn"):
            changed.drop_column(column)
