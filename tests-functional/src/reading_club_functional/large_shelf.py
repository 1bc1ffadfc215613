"""A shelf with many books and reviews, written by SQL, and indexed as an older release's books."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from reading_club.adapters.uow_sqla import migrations
from reading_club.adapters.uow_sqla.engine import create_engine

TIMEOUT: Final = 600.0
"""Seconds of the longest statement, on a slow machine."""

REVIEWS_EACH: Final = 10
"""Reviews of each book, by as many reviewers."""
BOOKS: Final = (
    """
    INSERT INTO books (id, title, author, isbn, registered_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid,
        'The ' || (ARRAY['Old', 'Quiet', 'Stormy', 'Last'])[n % 4 + 1] || ' '
            || (ARRAY['House', 'River', 'Letter', 'Garden', 'Winter'])[n % 5 + 1] || ' of ' || n,
        (ARRAY['Ada', 'Jane', 'Jörg', 'Toni'])[n / 7 % 4 + 1] || ' Author' || n % 5000,
        (9780000000000 + n)::text, now() - n * interval '1 second'
    FROM generate_series(1, :books) AS n""",
    """
    INSERT INTO catalogue (book_id, title, author, isbn)
    SELECT id, title, author, isbn FROM books""",
    """
    INSERT INTO activity (id, type, occurred_at, payload)
    SELECT uuidv7(), 'book_registered_v1', now(), json_build_object('id', id, 'isbn', isbn,
        'title', title, 'author', author)
    FROM books""",
    """
    INSERT INTO catalogue_counts (book_id, rating, reviews)
    SELECT lpad(to_hex(n), 32, '0')::uuid, (n * 7 + n * r) % 11, count(*)
    FROM generate_series(1, :books) AS n, generate_series(1, 10) AS r GROUP BY 1, 2""",
)
REVIEWS: Final = (
    """
    INSERT INTO reviewers (id, nickname, nickname_key)
    SELECT lpad(to_hex(r), 32, '0')::uuid, 'Reviewer ' || r, 'reviewer ' || r
    FROM generate_series(1, 10) AS r""",
    """
    INSERT INTO reviews (id, book_id, reviewer_id, rating, comment, version)
    SELECT uuidv7(), lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(r), 32, '0')::uuid,
        (n * 7 + n * r) % 11, 'So it goes.', 1
    FROM generate_series(1, :books) AS n, generate_series(1, 10) AS r""",
    """
    INSERT INTO catalogue_ratings (review_id, book_id, rating, version)
    SELECT id, book_id, rating, version FROM reviews""",
    """
    INSERT INTO activity (id, type, occurred_at, payload)
    SELECT uuidv7(), 'review_created_v1', now(), json_build_object('id', id, 'book_id', book_id,
        'reviewer_id', reviewer_id, 'rating', rating, 'comment', comment, 'version', version)
    FROM reviews""",
)


def fill_shelf(url: str, books: int, *, reviews: bool = False) -> None:
    """Fill an empty database with books, the sums of their ratings and the activity.

    With ``reviews`` they are there as well, and the activity has each. The books are indexed.
    """
    asyncio.run(_fill(url, books, BOOKS + REVIEWS if reviews else BOOKS))


async def _fill(url: str, books: int, statements: Sequence[str]) -> None:
    engine = create_engine(url, connect_args={"command_timeout": TIMEOUT})
    await migrations.upgrade(engine)
    for statement in statements:
        async with engine.begin() as connection:
            parameters = {"books": books} if ":books" in statement else {}
            await connection.execute(text(statement), parameters)
    await migrations.index_books(engine)
    async with engine.connect() as connection:
        autocommit = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await autocommit.execute(text("VACUUM ANALYZE"))
    await engine.dispose()
