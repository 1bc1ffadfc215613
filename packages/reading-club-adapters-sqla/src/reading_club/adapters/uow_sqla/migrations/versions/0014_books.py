"""Books that are corrected or withdrawn, and books without an ISBN."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

compatibility = sa.table(
    "schema_compatibility", sa.column("revision", sa.String()), sa.column("oldest", sa.String())
)
CATALOGUE = ("catalogue", "catalogue_rebuilt")
COLUMNS = ("registered_by", "version", "withdrawn")

REGISTERED_AT = """\
CREATE TRIGGER books_registered_at AFTER INSERT ON books WHEN NEW.registered_at IS NULL BEGIN
    UPDATE books SET registered_at = strftime('%Y-%m-%d %H:%M:%f000', 'now') WHERE id = NEW.id;
END"""
"""Revision 0003 made this trigger on SQLite: it goes with the table that is replaced."""


def upgrade() -> None:
    """Move up. Releases that need 0002 go on working: their books have an ISBN, and version 1.

    They show a withdrawn book, without an ISBN.
    """
    for name, default in (("version", "1"), ("withdrawn", sa.false())):
        kind = sa.Boolean() if name == "withdrawn" else sa.Integer()
        # A constant default rewrites no table.
        op.add_column("books", sa.Column(name, kind, server_default=default, nullable=False))
        for table in CATALOGUE:
            op.add_column(table, sa.Column(name, kind, server_default=default, nullable=False))
    op.add_column("books", sa.Column("registered_by", sa.Uuid(), nullable=True))
    _isbn(nullable=True)
    op.bulk_insert(compatibility, [{"revision": revision, "oldest": "0002"}])


def _isbn(*, nullable: bool) -> None:
    """Let the column of the ISBN be NULL, or not. SQLite copies the table, without its trigger."""
    with op.batch_alter_table("books") as changed:
        changed.alter_column("isbn", existing_type=sa.String(length=13), nullable=nullable)
    if op.get_bind().dialect.name == "sqlite":
        op.get_bind().exec_driver_sql(REGISTERED_AT)


def downgrade() -> None:
    """Move down. Books that are withdrawn or have no ISBN are deleted, with their reviews."""
    op.execute(compatibility.delete().where(compatibility.c.revision == revision))
    gone = "SELECT id FROM books WHERE isbn IS NULL"
    op.execute(f"DELETE FROM reviews WHERE book_id IN ({gone})")  # noqa: S608  # texts of this module
    op.execute(f"DELETE FROM book_words WHERE book_id IN ({gone})")  # noqa: S608
    op.execute("DELETE FROM books WHERE isbn IS NULL")
    op.drop_index("ix_books_registered_by_id", "books", if_exists=True)
    with op.batch_alter_table("books") as changed:
        for name in COLUMNS:
            changed.drop_column(name)
    _isbn(nullable=False)
    op.execute("DELETE FROM catalogue WHERE withdrawn OR isbn = ''")
    op.execute("DELETE FROM catalogue_rebuilt WHERE withdrawn OR isbn = ''")
    for table in CATALOGUE:
        with op.batch_alter_table(table) as changed:
            for name in ("version", "withdrawn"):
                changed.drop_column(name)
