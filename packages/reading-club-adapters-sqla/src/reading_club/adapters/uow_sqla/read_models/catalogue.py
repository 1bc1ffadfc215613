"""The catalogue, a read model, on SQL."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, select

from reading_club.adapters.uow_sqla.catalogue_tables import (
    catalogue,
    catalogue_counts,
    catalogue_ranks,
    catalogue_ratings,
)
from reading_club.adapters.uow_sqla.eventstream.generations import Generation, live, written
from reading_club.adapters.uow_sqla.read_model import SQLReadModel
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import (
    Insert,
    in_values,
    insert_into,
    insert_many,
    insert_new_returning,
)
from reading_club.service.catalogue import BookRating, CatalogueEntry

SUMS: Final = ("reviews", "total")
"""Columns to which changes are added, so that concurrent transactions add to each other's."""


@lru_cache(maxsize=8)
def _replace(dialect: str, table: Table) -> Insert:
    """Return the INSERT that replaces a stored row whose version is lower."""
    insert = insert_into(dialect, table)
    changes = {c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key}
    return insert.on_conflict_do_update(
        index_elements=table.primary_key,
        set_=changes,
        where=table.c.version < insert.excluded.version,
    )


@lru_cache(maxsize=8)
def _add(dialect: str, table: Table) -> Insert:
    """Return the INSERT that adds to the numbers of a stored row."""
    insert = insert_into(dialect, table)
    names = [name for name in SUMS if name in table.c]
    sums = {name: table.c[name] + insert.excluded[name] for name in names}
    return insert.on_conflict_do_update(index_elements=table.primary_key, set_=sums)


class SQLCatalogue(SQLReadModel):
    """The catalogue, in the tables of ``catalogue_tables``."""

    name = "catalogue"

    def __init__(self, session: Session) -> None:
        self.session = session
        self._books: dict[UUID, dict[str, Any]] = {}
        self._ratings: dict[UUID, BookRating] = {}

    async def put(self, entry: CatalogueEntry) -> None:
        """Collect a book, to be stored before the commit unless this or a higher version is."""
        known = self._books.get(entry.book_id)
        if known is None or known["version"] < entry.version:
            self._books[entry.book_id] = entry.model_dump(exclude={"distribution"})

    async def rate(self, rating: BookRating) -> None:
        """Collect a rating, to be stored before the commit unless a higher version is."""
        known = self._ratings.get(rating.review_id)
        if known is None or known.version < rating.version:
            self._ratings[rating.review_id] = rating

    async def flush(self) -> None:
        """Store collected books and ratings, and add what they change to the sums.

        Rows are written in the order of their keys, so concurrent transactions cannot deadlock.
        """
        books, self._books = self._books, {}
        ratings, self._ratings = self._ratings, {}
        rows = [books[id_] for id_ in sorted(books)]
        rated = [ratings[id_] for id_ in sorted(ratings)]
        for each in await written(self.session, self.name) if rows or rated else ():
            if rows:
                put = _replace(self.session.dialect, each.table(catalogue))
                await insert_many(self.session, put, rows, constants=each.key)
            changes = await self._store(rated, each) if rated else Counter()
            await self._add_counts(changes, each)
            await self._add_ranks(books, changes, each)

    async def _store(
        self, ratings: Sequence[BookRating], to: Generation
    ) -> Counter[tuple[UUID, int]]:
        """Store ratings unless a higher version is; return the changes by book and rating.

        A stored row is locked before its version is compared: what it counted is taken away once.
        """
        dialect, rows = self.session.dialect, {each.review_id: _row(each) for each in ratings}
        table, key = to.table(catalogue_ratings), to.key
        insert = insert_new_returning(dialect, table)
        inserted = await insert_many(self.session, insert, list(rows.values()), constants=key)
        new = {row["review_id"] for row in inserted}
        older = await self._older({id_: row for id_, row in rows.items() if id_ not in new}, to)
        newer = [rows[row["review_id"]] for row in older]
        if newer:
            await insert_many(self.session, _replace(dialect, table), newer, constants=key)
        changes = Counter[tuple[UUID, int]]()
        _count(changes, [*newer, *[rows[id_] for id_ in new]], 1)
        _count(changes, older, -1)
        return changes

    async def _older(
        self, rows: Mapping[UUID, Mapping[str, Any]], to: Generation
    ) -> Sequence[Mapping[str, Any]]:
        """Return the stored rows whose versions are lower than these rows'."""
        if not rows:
            return []
        table = to.table(catalogue_ratings)
        stored = (
            select(table)
            .where(in_values(self.session, table.c.review_id, list(rows)), to.has(table))
            .order_by(table.c.review_id)
            .with_for_update()
        )
        found = [row._asdict() for row in await self.session.read(stored)]
        return [row for row in found if row["version"] < rows[row["review_id"]]["version"]]

    async def _add_counts(self, changes: Counter[tuple[UUID, int]], to: Generation) -> None:
        rows = [
            {"book_id": book_id, "rating": rating, "reviews": number}
            for (book_id, rating), number in sorted(changes.items())
            if number
        ]
        if rows:
            add = _add(self.session.dialect, to.table(catalogue_counts))
            await insert_many(self.session, add, rows, constants=to.key)

    async def _add_ranks(
        self, books: Collection[UUID], changes: Counter[tuple[UUID, int]], to: Generation
    ) -> None:
        """Add the changes to number and sum of a book's ratings; a new book begins with none."""
        sums = {id_: {"reviews": 0, "total": 0} for id_ in books}
        for (book_id, rating), number in changes.items():
            known = sums.setdefault(book_id, {"reviews": 0, "total": 0})
            known["reviews"] += number
            known["total"] += rating * number
        rows = [{"book_id": id_, **sums[id_]} for id_ in sorted(sums)]
        if rows:
            add = _add(self.session.dialect, to.table(catalogue_ranks))
            await insert_many(self.session, add, rows, constants=to.key)

    async def entries(self, book_ids: Collection[UUID]) -> Mapping[UUID, CatalogueEntry]:
        """Return the stored entries of these books, with the distribution of their ratings.

        Both tables get the ids: PostgreSQL would read all counts for a join alone.
        """
        await self.flush()
        books, counts = live(self.session, catalogue), live(self.session, catalogue_counts)
        statement = (
            select(books, counts.c.rating, counts.c.reviews)
            .outerjoin(
                counts,
                (counts.c.book_id == books.c.book_id)
                & in_values(self.session, counts.c.book_id, book_ids),
            )
            .where(in_values(self.session, books.c.book_id, book_ids), ~books.c.withdrawn)
        )
        found: dict[UUID, dict[str, Any]] = {}
        for row in await self.session.read(statement):
            entry = found.setdefault(row.book_id, {**row._asdict(), "distribution": [0] * 11})
            if row.rating is not None:
                entry["distribution"][row.rating] = row.reviews
        return {id_: CatalogueEntry.model_validate(entry) for id_, entry in found.items()}

    async def rated_version(self, review_id: UUID) -> int | None:
        """Return the version in the row of the review, or None."""
        await self.flush()
        columns = live(self.session, catalogue_ratings).c
        found = await self.session.read(
            select(columns.version).where(columns.review_id == review_id)
        )
        version: int | None = found.scalar_one_or_none()
        return version


def _row(rating: BookRating) -> dict[str, Any]:
    return {**rating.model_dump(), "rating": rating.rating or 0, "withdrawn": rating.rating is None}


def _count(changes: Counter[tuple[UUID, int]], rows: Sequence[Mapping[str, Any]], by: int) -> None:
    for row in rows:
        if not row["withdrawn"]:
            changes[row["book_id"], row["rating"]] += by
