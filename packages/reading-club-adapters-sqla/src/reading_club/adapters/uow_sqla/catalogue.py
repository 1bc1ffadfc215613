"""The catalogue on SQL."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import func, select

from reading_club.adapters.uow_sqla.orm import catalogue, catalogue_ratings
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into, insert_once, one_of
from reading_club.service.catalogue import BookRating, CatalogueEntry


class SQLCatalogue:
    """The catalogue, in the tables ``catalogue`` and ``catalogue_ratings``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, entry: CatalogueEntry) -> None:
        """Insert a book; one with a known id changes nothing."""
        row = entry.model_dump(exclude={"ratings", "average"})
        await insert_once(self.session, catalogue, row)

    async def rate(self, rating: BookRating) -> None:
        """Insert a rating, or replace the one of a lower version."""
        insert = insert_into(self.session, catalogue_ratings).values(rating.model_dump())
        await self.session.write(
            insert.on_conflict_do_update(
                index_elements=["review_id"],
                set_={"rating": insert.excluded.rating, "version": insert.excluded.version},
                where=catalogue_ratings.c.version < insert.excluded.version,
            )
        )

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the entries of these books, their ratings counted by the database."""
        statement = (
            select(
                *catalogue.c,
                func.count(catalogue_ratings.c.review_id).label("ratings"),
                func.avg(catalogue_ratings.c.rating).label("average"),
            )
            .outerjoin(catalogue_ratings, catalogue_ratings.c.book_id == catalogue.c.book_id)
            .where(one_of(self.session, catalogue.c.book_id, book_ids))
            .group_by(catalogue.c.book_id)
        )
        rows = await self.session.read(statement)
        return {row.book_id: CatalogueEntry.model_validate(row._asdict()) for row in rows}
