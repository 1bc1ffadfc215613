"""The online step of revision 0012: words, sort keys and ranks of books that have none.

Each migration and each start of a relay runs it again, for books of release 0.1.0, which may
register some beside this release. It skips finished work.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, String, Uuid, bindparam, column, select, table, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.book_words import sort_keys, word_rows
from reading_club.adapters.uow_sqla.session import SQLite

BATCH: Final = 500
"""Books of one transaction."""

NAMES: Final = ("title", "author", "isbn", "title_key", "author_key")
books: Final = table("books", column("id", Uuid()), *[column(name, String()) for name in NAMES])
words: Final = table("book_words", column("book_id", Uuid()), column("word", String()))

RANKS: Final = """\
INSERT INTO catalogue_ranks{rebuilt} ({generation}book_id, reviews, total, rank)
SELECT {generation}book_id, reviews, total,
    CASE WHEN reviews = 0 THEN 0 ELSE (25 + total) * 1000000 / (5 + reviews) END
FROM (
    SELECT {generation}book_id, CAST(sum(reviews) AS bigint) AS reviews,
        CAST(sum(total) AS bigint) AS total
    FROM (
        SELECT {generation}book_id, 0 AS reviews, 0 AS total FROM catalogue{rebuilt}
        UNION ALL SELECT {generation}book_id, reviews, rating * reviews
        FROM catalogue_counts{rebuilt}
    ) AS every GROUP BY {generation}book_id
) AS sums
WHERE NOT EXISTS (
    SELECT 1 FROM catalogue_ranks{rebuilt} AS known WHERE known.book_id = sums.book_id {same}
)
ON CONFLICT DO NOTHING"""
"""The ranks of books without one; without a generation, and with one."""


class IndexBooks:
    """Gives words and sort keys to books without them, and ranks to those in the catalogue."""

    async def run(self, connection: AsyncConnection) -> None:
        """Index the books, batch by batch, until none is left; then rank them."""
        after = await self._batch(connection)
        while after is not None:
            after = await self._batch(connection, books.c.id > after)
        for rebuilt, generation in (("", ""), ("_rebuilt", "generation, ")):
            same = "AND known.generation = sums.generation" if generation else ""
            ranks = RANKS.format(rebuilt=rebuilt, generation=generation, same=same)
            await _begin(connection)
            await connection.execute(text(ranks))
            await connection.commit()

    async def _batch(self, connection: AsyncConnection, *after: ColumnElement[bool]) -> UUID | None:
        """Index some books, and return the last one's id; None if there was none.

        A title of marks alone has an empty key: each book is read once all the same.
        """
        await _begin(connection)
        some = select(books).where(books.c.title_key == "", *after)
        some = some.order_by(books.c.id).limit(BATCH).with_for_update()
        rows = (await connection.execute(some)).all()
        if rows:
            found: list[dict[str, Any]] = []
            for row in rows:
                found += word_rows(row.id, row.title, row.author, row.isbn)
            dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
            await connection.execute(dialect.insert(words).on_conflict_do_nothing(), found)
            keys = [{"book": row.id, **sort_keys(row.title, row.author)} for row in rows]
            values: dict[str, Any] = {name: bindparam(name) for name in ("title_key", "author_key")}
            one = update(books).where(books.c.id == bindparam("book")).values(values)
            await connection.execute(one, keys)
        await connection.commit()
        return rows[-1].id if rows else None


async def _begin(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        await SQLite.begin(connection, write=True)
    else:
        await connection.begin()
