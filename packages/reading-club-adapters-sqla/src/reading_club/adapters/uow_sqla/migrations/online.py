"""Online steps of a migration, after its transaction: backfills and new indexes.

Rows are filled in batches, each in a transaction of its own, and PostgreSQL builds indexes
concurrently. Each step skips finished work, so the next migration finishes an interrupted one.
The statements name tables and columns as they were at their revision.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.migrations.book_index import index_books
from reading_club.adapters.uow_sqla.session import SQLite

BATCH: Final = 1_000
"""Rows of one UPDATE."""
INDEX_TIMEOUT: Final = 86_400.0
"""Seconds that an index may take to be built."""

TEXTS: Final = {
    "postgresql": {
        "now": "clock_timestamp()",
        "epoch": "to_timestamp(0)",
        "locked": "FOR UPDATE",
        "book_id": "CAST(messages.payload ->> 'id' AS uuid)",
    },
    "sqlite": {
        "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
        "epoch": "'1970-01-01 00:00:00.000000'",
        "locked": "",
        "book_id": "replace(json_extract(messages.payload, '$.id'), '-', '')",
    },
}
"""Each dialect's spelling; ``book_id`` is the book's, in the payload of its registration event."""

FILL: Final = """\
UPDATE {table} SET {column} = {value}
WHERE {column} IS NULL AND {key} IN (
    SELECT {key} FROM {table} WHERE {column} IS NULL AND {key} > :after
    ORDER BY {key} LIMIT :batch {locked}
)
RETURNING {key}"""

REGISTERED: Final = """\
UPDATE books SET registered_at = messages.recorded_at FROM messages
WHERE messages.position > :after AND messages.position <= :last
    AND messages.type = 'book_registered_v1'
    AND books.registered_at IS NULL AND books.id = {book_id}"""


@dataclass(frozen=True)
class Backfill:
    """Fills a column where it is NULL, in the order of a key.

    ``first`` is below every key. ``along`` is a second statement for the rows of each batch, in
    the same transaction.
    """

    table: str
    key: str
    first: Any
    column: str
    value: str
    along: str | None = None

    async def run(self, connection: AsyncConnection) -> None:
        """Fill the column, batch by batch, until no row is left."""
        while (last := await self._batch(connection, self.first)) is not None:
            while last is not None:
                last = await self._batch(connection, last)

    async def _batch(self, connection: AsyncConnection, after: Any) -> Any:
        """Fill a batch of rows, and return the last key; None if there was no row."""
        texts = TEXTS[connection.dialect.name]
        names = {"table": self.table, "key": self.key, "column": self.column}
        fill = FILL.format(**texts, **names, value=self.value.format(**texts))
        await begin(connection)
        keys = await connection.scalars(text(fill), {"after": after, "batch": BATCH})
        last = max(keys, default=None)
        if self.along is not None and last is not None:
            along = text(self.along.format(**texts))
            await connection.execute(along, {"after": after, "last": last})
        await connection.commit()
        return last


@dataclass(frozen=True)
class NewIndex:
    """An index that PostgreSQL builds concurrently with writes."""

    name: str
    on: str

    async def run(self, connection: AsyncConnection) -> None:
        """Build the index, unless a valid one exists: an interruption leaves an invalid one."""
        if connection.dialect.name != "postgresql":
            await begin(connection)
            await connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS {self.name} ON {self.on}")
            await connection.commit()
            return
        driver: Any = (await connection.get_raw_connection()).driver_connection
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)"
        if not await driver.fetchval(valid, self.name):
            drop = f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}"
            await driver.execute(drop, timeout=INDEX_TIMEOUT)
            create = f"CREATE INDEX CONCURRENTLY {self.name} ON {self.on}"
            await driver.execute(create, timeout=INDEX_TIMEOUT)


@dataclass(frozen=True)
class IndexBooks:
    """Indexes the books of releases before 0012, see ``book_index``."""

    async def run(self, connection: AsyncConnection) -> None:
        """Index the books that are not indexed, batch by batch."""
        await index_books(connection)


STEPS: Final[dict[str, tuple[Backfill | NewIndex | IndexBooks, ...]]] = {
    "0003": (
        Backfill(
            "messages",
            "position",
            -1,
            "recorded_at",
            "CASE WHEN created_at < {now} THEN created_at ELSE {now} END",
            along=REGISTERED,
        ),
        # Books whose registration event was deleted are older than all others.
        Backfill("books", "id", "00000000-0000-0000-0000-000000000000", "registered_at", "{epoch}"),
        Backfill(
            "outbox",
            "message_id",
            "00000000-0000-0000-0000-000000000000",
            "added_at",
            "coalesce((SELECT recorded_at FROM messages WHERE id = message_id), {now})",
        ),
        NewIndex("ix_messages_recorded_at", "messages (recorded_at)"),
        NewIndex("ix_books_registered_at_id", "books (registered_at, id)"),
    ),
    "0012": (
        NewIndex("ix_books_title_key_id", "books (title_key, id)"),
        NewIndex("ix_books_author_key_title_key_id", "books (author_key, title_key, id)"),
        IndexBooks(),
    ),
    "0014": (NewIndex("ix_books_registered_by_id", "books (registered_by, id)"),),
}
"""The online steps of each revision, in order."""


async def finish(connection: AsyncConnection) -> None:
    """Run the online steps of all unfinished revisions, in order, and mark each as finished."""
    unfinished = "SELECT revision FROM schema_compatibility WHERE NOT finished ORDER BY revision"
    revisions = (await connection.scalars(text(unfinished))).all()
    await connection.rollback()
    for revision in revisions:
        for step in STEPS.get(revision, ()):
            await step.run(connection)
        await begin(connection)
        done = text("UPDATE schema_compatibility SET finished = true WHERE revision = :revision")
        await connection.execute(done, {"revision": revision})
        await connection.commit()


async def begin(connection: AsyncConnection) -> None:
    """Begin a transaction that writes."""
    if connection.dialect.name == "sqlite":
        await SQLite.begin(connection, write=True)
    else:
        await connection.begin()
