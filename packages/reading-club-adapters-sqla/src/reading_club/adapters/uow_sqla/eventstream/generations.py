"""Generations of a projection's rows on SQL: the live one is read, one being built is written too.

The rows of the generation 0 are in the projection's table, as those of releases that know no
generations; all others are in its second table: see ``rebuildable``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import Executable, FromClause, Table

from reading_club.adapters.uow_sqla.eventstream.projection_tables import PROJECTION, REBUILT
from reading_club.adapters.uow_sqla.eventstream.tables import StreamTables
from reading_club.adapters.uow_sqla.session import Session


@dataclass(frozen=True)
class Generation:
    """One generation of a projection's rows."""

    number: int

    @property
    def key(self) -> Mapping[str, int]:
        """The columns that its rows have besides those of the projection's table."""
        return {"generation": self.number} if self.number else {}

    def table(self, table: Table) -> Table:
        """Return the table that holds its rows, for a projection's table."""
        return rebuilt(table) if self.number else table

    def has(self, table: Table) -> sa.ColumnElement[bool]:
        """Return the condition that a row of the table that holds its rows is one of them."""
        return table.c.generation == self.number if self.number else sa.true()


def rebuilt(table: Table) -> Table:
    """Return the second table of a projection's table, with the generations from 1 on."""
    second: Table = table.info[REBUILT]
    return second


async def written(session: Session, projection: str) -> Sequence[Generation]:
    """Return the generations that this transaction writes: the live one, and one being built.

    Ask once in each transaction, when there is something to write. It needs no lock: a transaction
    that does not see a rebuild handles an event that the rebuild sees in the history.
    """
    if projection in session.rebuilding:
        return [Generation(session.rebuilding[projection])]
    found = await session.execute_cached(_numbers(session.tables), {"projection": projection})
    numbers = next(((row["live"], row["building"]) for row in found), (0, None))
    return [Generation(number) for number in numbers if number is not None]


def live(session: Session, table: Table) -> FromClause:
    """Return the rows of a projection's table that this transaction reads, as a subquery.

    They are the live generation's, which the database looks up in the same statement.
    """
    building = session.rebuilding.get(table.info[PROJECTION])
    if building is None:
        return _live(session.tables, table)
    second = rebuilt(table)
    columns = [second.c[each.name] for each in table.c]
    return sa.select(*columns).where(second.c.generation == building).subquery(table.name)


def live_parts(session: Session, table: Table) -> Sequence[tuple[Table, sa.ColumnElement[bool]]]:
    """Return the tables that may hold the rows that this transaction reads, each with a condition.

    At most one of the conditions holds. For a list in an order, of which each table has an index.
    """
    second, building = rebuilt(table), session.rebuilding.get(table.info[PROJECTION])
    if building is not None:
        return [(second, second.c.generation == building)]
    number = _live_number(session.tables, table)
    return [(table, sa.func.coalesce(number, 0) == 0), (second, second.c.generation == number)]


@lru_cache(maxsize=64)
def _numbers(tables: StreamTables) -> Executable:
    known = tables.projections.c
    return sa.select(known.live, known.building).where(known.name == sa.bindparam("projection"))


@lru_cache(maxsize=64)
def _live(tables: StreamTables, table: Table) -> FromClause:
    number, second = _live_number(tables, table), rebuilt(table)
    first = sa.select(*table.c).where(sa.func.coalesce(number, 0) == 0)
    columns = [second.c[each.name] for each in table.c]
    others = sa.select(*columns).where(second.c.generation == number)
    return sa.union_all(first, others).subquery(table.name)


def _live_number(tables: StreamTables, table: Table) -> sa.ScalarSelect[int]:
    known = tables.projections.c
    return sa.select(known.live).where(known.name == table.info[PROJECTION]).scalar_subquery()
