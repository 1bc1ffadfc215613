"""Reviews that can be withdrawn, counts of ratings, and nicknames that look the same."""

from collections.abc import Iterator
from itertools import count

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
    """Recompute the keys. Of nicknames that look the same, all but the oldest get a number."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(reviewers).order_by(reviewers.c.id)).all()
    owners = {nickname_key(row.nickname): row.id for row in reversed(rows)}
    taken, changed = set(owners), []
    for row in rows:
        nickname = row.nickname
        if owners[nickname_key(nickname)] != row.id:
            nickname = next(n for n in _numbered(nickname) if nickname_key(n) not in taken)
            taken.add(nickname_key(nickname))
        changed.append((row, nickname))
    # Those that get a number first: an oldest one may need the key that such a one still has.
    for row, nickname in sorted(changed, key=lambda each: each[0].nickname == each[1]):
        new = {"nickname": nickname, "nickname_key": nickname_key(nickname)}
        if new["nickname_key"] != row.nickname_key:
            connection.execute(reviewers.update().where(reviewers.c.id == row.id).values(new))


def _numbered(nickname: str) -> Iterator[str]:
    """Yield the nickname with the numbers from 2, cut to 50 characters."""
    for number in count(2):
        yield f"{nickname[: 50 - len(f' {number}')]} {number}"


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
