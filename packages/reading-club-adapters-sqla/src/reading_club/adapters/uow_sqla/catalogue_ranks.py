"""The ranks of the catalogue's books, on SQL."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from uuid import UUID

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Uuid, case

from reading_club.adapters.uow_sqla.eventstream.generations import Generation, rebuilt
from reading_club.adapters.uow_sqla.eventstream.projection_tables import rebuildable
from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import Insert, insert_into, insert_many
from reading_club.service.ranks import PRIOR_RATING, PRIOR_REVIEWS, SCALE, UNRATED, rank_of

catalogue_ranks = rebuildable(
    "catalogue",
    Table(
        "catalogue_ranks",
        metadata,
        Column("book_id", Uuid, primary_key=True),
        Column("reviews", Integer, nullable=False),
        Column("total", BigInteger, nullable=False),
        Column("rank", Integer, nullable=False),
        Index("ix_catalogue_ranks_rank_book_id", "rank", "book_id"),
    ),
)
"""The rank of each book of the catalogue, with the number of its ratings and their sum."""
_rebuilt = rebuilt(catalogue_ranks).c
Index("ix_catalogue_ranks_rebuilt_rank", _rebuilt.generation, _rebuilt.rank, _rebuilt.book_id)


@lru_cache(maxsize=4)
def _add(dialect: str, table: Table) -> Insert:
    """Return the INSERT that adds to the sums of a row, and ranks it by them, as ``rank_of``."""
    insert = insert_into(dialect, table)
    reviews = table.c.reviews + insert.excluded.reviews
    total = table.c.total + insert.excluded.total
    mean = (PRIOR_REVIEWS * PRIOR_RATING + total) * SCALE // (PRIOR_REVIEWS + reviews)
    rank = case((reviews == 0, UNRATED), else_=mean)
    return insert.on_conflict_do_update(
        index_elements=table.primary_key,
        set_={"reviews": reviews, "total": total, "rank": rank},
    )


async def add_ratings(
    session: Session,
    books: Collection[UUID],
    changes: Mapping[tuple[UUID, int], int],
    to: Generation,
) -> None:
    """Add changes of the counts to the ranks; each of ``books`` begins without ratings.

    It is one statement, in the order of the keys, after those of the catalogue's other tables:
    concurrent transactions add to each other's sums, and cannot deadlock.
    """
    sums = {id_: [0, 0] for id_ in books}
    for (book_id, rating), number in changes.items():
        known = sums.setdefault(book_id, [0, 0])
        known[0] += number
        known[1] += rating * number
    rows = [
        {"book_id": id_, "reviews": n, "total": total, "rank": rank_of(n, total)}
        for id_, (n, total) in sorted(sums.items())
    ]
    if rows:
        add = _add(session.dialect, to.table(catalogue_ranks))
        await insert_many(session, add, rows, constants=to.key)
