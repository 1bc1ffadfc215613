"""The tables of the catalogue, a read model: ``read_models.catalogue`` reads and writes them."""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Uuid,
    false,
)

from reading_club.adapters.uow_sqla.eventstream.generations import rebuilt
from reading_club.adapters.uow_sqla.eventstream.projection_tables import rebuildable
from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.service.catalogue import PRIOR_RATING, PRIOR_REVIEWS, RANK_SCALE, UNRATED

catalogue = rebuildable(
    "catalogue",
    Table(
        "catalogue",
        metadata,
        Column("book_id", Uuid, primary_key=True),
        Column("title", String(300), nullable=False),
        Column("author", String(200), nullable=False),
        Column("isbn", String(13), nullable=False),
        Column("version", Integer, nullable=False, server_default="1"),
        Column("withdrawn", Boolean, nullable=False, server_default=false()),
    ),
)
"""The highest version of each book, in whichever order events arrive."""

catalogue_ratings = rebuildable(
    "catalogue",
    Table(
        "catalogue_ratings",
        metadata,
        Column("review_id", Uuid, primary_key=True),
        Column("book_id", Uuid, nullable=False, index=True),
        Column("rating", SmallInteger, nullable=False),
        Column("version", Integer, nullable=False),
        Column("withdrawn", Boolean, nullable=False, server_default=false()),
    ),
)
"""The highest version of each review's rating, in whichever order events arrive."""

catalogue_counts = rebuildable(
    "catalogue",
    Table(
        "catalogue_counts",
        metadata,
        Column("book_id", Uuid, primary_key=True),
        Column("rating", SmallInteger, primary_key=True),
        Column("reviews", Integer, nullable=False),
    ),
)
"""How many reviews of a book, without withdrawn ones, gave each rating."""

RANK: Final = (
    f"CASE WHEN reviews = 0 THEN {UNRATED} ELSE "
    f"({PRIOR_REVIEWS * PRIOR_RATING} + total) * {RANK_SCALE} / ({PRIOR_REVIEWS} + reviews) END"
)
"""The rank of a book, as ``rank_of`` computes it; the division of whole numbers rounds down."""

catalogue_ranks = rebuildable(
    "catalogue",
    Table(
        "catalogue_ranks",
        metadata,
        Column("book_id", Uuid, primary_key=True),
        Column("reviews", Integer, nullable=False),
        Column("total", BigInteger, nullable=False),
        Column("rank", Integer, Computed(RANK, persisted=True), nullable=False),
        Index("ix_catalogue_ranks_rank_book_id", "rank", "book_id"),
    ),
)
"""Number and sum of each book's ratings, without withdrawn ones; the database ranks it by them."""
_rebuilt = rebuilt(catalogue_ranks).c
Index("ix_catalogue_ranks_rebuilt_rank", _rebuilt.generation, _rebuilt.rank, _rebuilt.book_id)
