"""Words of books, sort keys, and ranks."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
KEYS = ("title_key", "author_key")
RANK = "CASE WHEN reviews = 0 THEN 0 ELSE (25 + total) * 1000000 / (5 + reviews) END"


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: an online step indexes their books.

    Each migration and the relay index those that they register later.
    """
    for name in KEYS:
        key = sa.Column(name, _sorted_text(80), server_default="", nullable=False)
        op.add_column("books", key)
    op.create_table(
        "book_words",
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("word", _sorted_text(40), nullable=False),
        sa.PrimaryKeyConstraint("book_id", "word", name=op.f("pk_book_words")),
    )
    op.create_index("ix_book_words_word_book_id", "book_words", ["word", "book_id"])
    _ranks("catalogue_ranks")
    generation = sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False)
    _ranks("catalogue_ranks_rebuilt", generation)
    op.create_index("ix_catalogue_ranks_rank_book_id", "catalogue_ranks", ["rank", "book_id"])
    columns = ["generation", "rank", "book_id"]
    op.create_index("ix_catalogue_ranks_rebuilt_rank", "catalogue_ranks_rebuilt", columns)
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _sorted_text(length: int) -> sa.String:
    in_c = sa.String(length, collation="C")
    return sa.String(length).with_variant(in_c, "postgresql")


def _ranks(name: str, *generation: sa.Column[int]) -> None:
    keys = [*(column.name for column in generation), "book_id"]
    op.create_table(
        name,
        *generation,
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("reviews", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), sa.Computed(RANK, persisted=True), nullable=False),
        sa.PrimaryKeyConstraint(*keys, name=op.f(f"pk_{name}")),
    )


def downgrade() -> None:
    """Move down. The search is by a part of the text again."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    for table in ("book_words", "catalogue_ranks", "catalogue_ranks_rebuilt"):
        op.drop_table(table)
    for index in ("ix_books_title_key_id", "ix_books_author_key_title_key_id"):
        op.drop_index(index, "books", if_exists=True)
    with op.batch_alter_table("books") as changed:
        for name in KEYS:
            changed.drop_column(name)
