"""The catalogue, a read model, on SQL."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Integer, SmallInteger, String, Table, Uuid, func, select

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import (
    Insert,
    in_values,
    insert_into,
    insert_many,
    insert_new_many,
)
from reading_club.service.catalogue import BookRating, CatalogueEntry

catalogue = Table(
    "catalogue",
    metadata,
    Column("book_id", Uuid, primary_key=True),
    Column("title", String(300), nullable=False),
    Column("author", String(200), nullable=False),
    Column("isbn", String(13), nullable=False),
)

catalogue_ratings = Table(
    "catalogue_ratings",
    metadata,
    Column("review_id", Uuid, primary_key=True),
    Column("book_id", Uuid, nullable=False, index=True),
    Column("rating", SmallInteger, nullable=False),
    Column("version", Integer, nullable=False),
)
"""The highest version of each review's rating, in whichever order events arrive."""


@lru_cache(maxsize=4)
def _upsert(dialect: str) -> Insert:
    insert = insert_into(dialect, catalogue_ratings)
    return insert.on_conflict_do_update(
        index_elements=["review_id"],
        set_={"rating": insert.excluded.rating, "version": insert.excluded.version},
        where=catalogue_ratings.c.version < insert.excluded.version,
    )


class SQLCatalogue(SQLReadModel):
    """The catalogue, in the tables ``catalogue`` and ``catalogue_ratings``."""

    name = "catalogue"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._books: dict[UUID, dict[str, Any]] = {}
        self._ratings: dict[UUID, BookRating] = {}

    async def put(self, entry: CatalogueEntry) -> None:
        """Collect a book, to be inserted before the commit unless its id is stored."""
        self._books.setdefault(entry.book_id, entry.model_dump(exclude={"ratings", "average"}))

    async def rate(self, rating: BookRating) -> None:
        """Collect a rating, to be stored before the commit unless a higher version is."""
        known = self._ratings.get(rating.review_id)
        if known is None or known.version < rating.version:
            self._ratings[rating.review_id] = rating

    async def flush(self) -> None:
        """Insert collected books and ratings, one statement a table; higher versions replace lower.

        Rows are written in the order of their ids, so concurrent transactions cannot deadlock.
        """
        books, self._books = self._books, {}
        ratings, self._ratings = self._ratings, {}
        await insert_new_many(self.session, catalogue, [books[id_] for id_ in sorted(books)])
        if ratings:
            rows = [ratings[id_].model_dump() for id_ in sorted(ratings)]
            await insert_many(self.session, _upsert(self.session.dialect), rows)

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the stored entries of these books, with number and average of their ratings."""
        await self.flush()
        statement = (
            select(
                *catalogue.c,
                func.count(catalogue_ratings.c.review_id).label("ratings"),
                func.avg(catalogue_ratings.c.rating).label("average"),
            )
            .outerjoin(catalogue_ratings, catalogue_ratings.c.book_id == catalogue.c.book_id)
            .where(in_values(self.session, catalogue.c.book_id, book_ids))
            .group_by(catalogue.c.book_id)
        )
        rows = await self.session.read(statement)
        return {row.book_id: CatalogueEntry.model_validate(row._asdict()) for row in rows}
