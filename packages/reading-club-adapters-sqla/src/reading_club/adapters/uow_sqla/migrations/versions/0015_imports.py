"""Imports of books: their rows, what became of each, and members' own shelves and dates."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
MOMENT = sa.DateTime(timezone=True)
UNFINISHED = sa.text("state <> 'finished'")


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: they do not know the tables."""
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.String(length=40), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "state IN ('reading', 'running', 'stopped', 'finished')", name=op.f("ck_imports_state")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.id"],
            name=op.f("fk_imports_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_account_id"), "imports", ["account_id"])
    op.create_index(
        "uq_imports_account_id_unfinished",
        "imports",
        ["account_id"],
        unique=True,
        postgresql_where=UNFINISHED,
        sqlite_where=UNFINISHED,
    )
    _create_rows()
    _create_own_books()
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _create_rows() -> None:
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("field", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('added', 'known', 'rejected', 'skipped')",
            name=op.f("ck_import_rows_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["imports.id"],
            name=op.f("fk_import_rows_import_id_imports"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_import_rows")),
    )
    op.create_index(
        "ix_import_rows_import_id_outcome_line", "import_rows", ["import_id", "outcome", "line"]
    )


def _create_own_books() -> None:
    foreign_keys = [
        sa.ForeignKeyConstraint(
            [column],
            [f"{table}.id"],
            name=op.f(f"fk_own_books_{column}_{table}"),
            ondelete="CASCADE",
        )
        for column, table in (("account_id", "accounts"), ("book_id", "books"))
    ]
    op.create_table(
        "own_books",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("book_id", sa.Uuid(), nullable=False),
        sa.Column("shelves", sa.Text(), nullable=True),
        sa.Column("read_on", sa.Date(), nullable=True),
        sa.Column("added_on", sa.Date(), nullable=True),
        *foreign_keys,
        sa.PrimaryKeyConstraint("account_id", "book_id", name=op.f("pk_own_books")),
    )
    op.create_index(op.f("ix_own_books_book_id"), "own_books", ["book_id"])


def downgrade() -> None:
    """Move down. Imports and members' shelves and dates are lost; books and reviews stay."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    op.drop_table("own_books")
    op.drop_table("import_rows")
    op.drop_table("imports")
