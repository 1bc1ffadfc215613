"""The tables of imports. An import goes with its account, and its rows go with it."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime

_UNFINISHED = text("state <> 'finished'")

imports = Table(
    "imports",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("format", String(40), nullable=False),
    Column("columns", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("step", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False, default=DatabaseTime()),
    Column("changed_at", UtcDateTime, nullable=False, default=DatabaseTime()),
    Index(
        "uq_imports_account_id_unfinished",
        "account_id",
        unique=True,
        postgresql_where=_UNFINISHED,
        sqlite_where=_UNFINISHED,
    ),
    CheckConstraint("state IN ('reading', 'running', 'stopped', 'finished')", name="state"),
)
"""``columns`` are the header of the file as JSON, and ``step`` is the number of the next step."""

import_rows = Table(
    "import_rows",
    metadata,
    Column("import_id", ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("cells", Text, nullable=True),
    Column("outcome", String(20), nullable=True),
    Column("field", String(200), nullable=False),
    Column("reason", String(500), nullable=False),
    Index("ix_import_rows_import_id_outcome_line", "import_id", "outcome", "line"),
    CheckConstraint("outcome IN ('added', 'known', 'rejected', 'skipped')", name="outcome"),
)
"""``cells`` are JSON; NULL once a row is handled, unless it was rejected."""

own_books = Table(
    "own_books",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("book_id", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("shelves", Text, nullable=True),
    Column("read_on", Date, nullable=True),
    Column("added_on", Date, nullable=True),
)
"""What a member keeps of a book for herself; ``shelves`` are JSON, NULL for none."""
