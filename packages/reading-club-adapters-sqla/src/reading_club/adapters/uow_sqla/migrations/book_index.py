"""The online step of revision 0012: words, sort keys and ranks of books that have none.

Each migration and each relay runs it again, for books of release 0.1.0, which may register some
beside this release. It skips finished work.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    Uuid,
    bindparam,
    column,
    select,
    table,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from reading_club.adapters.uow_sqla.session import SQLite
from reading_club.adapters.uow_sqla.statements import insert_new_into, many
from reading_club.domain.search import book_words, sort_key

BATCH: Final = 500
"""Books of one transaction."""
FIRST: Final = UUID(int=0)

NAMES: Final = ("title", "author", "isbn", "title_key", "author_key")
books: Final = table("books", column("id", Uuid()), *[column(name, String()) for name in NAMES])
words: Final = Table("book_words", MetaData(), Column("book_id", Uuid), Column("word", String))

RANK: Final = """\
INSERT INTO catalogue_ranks{rebuilt} ({generation} book_id, reviews, total)
SELECT {generation} book_id, coalesce((SELECT sum(reviews) {counted}), 0),
    coalesce((SELECT sum(rating * reviews) {counted}), 0)
FROM catalogue{rebuilt} AS known
WHERE book_id >= :after AND NOT EXISTS (
    SELECT 1 FROM catalogue_ranks{rebuilt} AS each WHERE each.book_id = known.book_id {same}
)
ORDER BY book_id LIMIT :batch
ON CONFLICT DO NOTHING RETURNING book_id"""
COUNTED: Final = """\
FROM catalogue_counts{rebuilt} AS each WHERE each.book_id = known.book_id {same}"""


async def index_books(connection: AsyncConnection) -> None:
    """Give words and sort keys to books without them, and ranks to those in the catalogue.

    Each batch of books is a transaction.
    """
    for index in (_index_words, _rank, _rank_rebuilt):
        last: UUID | None = FIRST
        while last is not None:
            await _begin(connection)
            last = await index(connection, last)
            await connection.commit()


async def _index_words(connection: AsyncConnection, after: UUID) -> UUID | None:
    """Index some books after this id, and return the last one's; None if there was none.

    A title without letters and digits has an empty key: it is indexed each time.
    """
    some = select(books).where(books.c.title_key == "", books.c.id > after)
    some = some.order_by(books.c.id).limit(BATCH).with_for_update()
    rows = (await connection.execute(some)).all()
    if not rows:
        return None
    found = [
        {"book_id": row.id, "word": word}
        for row in rows
        for word in book_words(row.title, row.author, row.isbn)
    ]
    dialect = connection.dialect.name
    await connection.execute(*many(dialect, insert_new_into(dialect, words), found))
    keys = [
        {"book": row.id, "title_key": sort_key(row.title), "author_key": sort_key(row.author)}
        for row in rows
    ]
    values: dict[str, Any] = {name: bindparam(name) for name in ("title_key", "author_key")}
    one = update(books).where(books.c.id == bindparam("book")).values(values)
    await connection.execute(one, keys)
    last: UUID = rows[-1].id
    return last


async def _rank(connection: AsyncConnection, after: UUID) -> UUID | None:
    """Rank some books from this id on that are not ranked, and return the last one's id.

    No rating is lost or counted twice meanwhile: a release that writes no ranks has no reviews.
    """
    return await _insert_ranks(connection, after, {"rebuilt": "", "generation": "", "same": ""})


async def _rank_rebuilt(connection: AsyncConnection, after: UUID) -> UUID | None:
    """Rank books of the rebuilt generations, as ``_rank``."""
    same = "AND each.generation = known.generation"
    texts = {"rebuilt": "_rebuilt", "generation": "generation,", "same": same}
    return await _insert_ranks(connection, after, texts)


async def _insert_ranks(
    connection: AsyncConnection, after: UUID, texts: dict[str, str]
) -> UUID | None:
    statement = text(RANK.format(**texts, counted=COUNTED.format(**texts)))
    typed = statement.bindparams(bindparam("after", type_=Uuid())).columns(book_id=Uuid())
    ranked = await connection.scalars(typed, {"after": after, "batch": BATCH})
    return max(ranked, default=None)


async def _begin(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        await SQLite.begin(connection, write=True)
    else:
        await connection.begin()
