"""The stream's tables about projections, and the tables of their rebuilt rows."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Computed, Integer, String, Table

from reading_club.adapters.uow_sqla.types import DatabaseTime, UtcDateTime

PROJECTION: Final = "projection"
REBUILT: Final = "rebuilt"
"""Keys of ``Table.info``: the name of the projection, and the table of the rebuilt rows."""


def projection_tables(table: Callable[..., Table]) -> dict[str, Table]:
    """Return the tables ``projections`` and ``history_deletions``, each made by ``table``."""
    return {
        "projections": table(
            "projections",
            Column("name", String(100), primary_key=True),
            Column("live", Integer, nullable=False, server_default="0"),
            Column("newest", Integer, nullable=False, server_default="0"),
            Column("building", Integer, nullable=True),
            Column("position", BigInteger, nullable=True),
            Column("until", BigInteger, nullable=True),
            Column("started_at", UtcDateTime, nullable=True),
        ),
        "history_deletions": table(
            "history_deletions",
            Column("type", String(200), primary_key=True),
            Column("at", UtcDateTime, nullable=False, default=DatabaseTime()),
        ),
    }


def rebuildable(projection: str, table: Table) -> Table:
    """Let a projection's table be rebuilt, and return it.

    Its rows are the generation 0. All others are in a second table, ``…_rebuilt``, which is made
    here and has the column ``generation`` in its primary key. Read and write both as
    ``reading_club.adapters.uow_sqla.eventstream.generations`` does.
    """
    columns = [
        Column(
            each.name,
            each.type,
            *_computed(each),
            primary_key=each.primary_key,
            nullable=each.nullable,
        )
        for each in table.columns
    ]
    generation = Column("generation", Integer, primary_key=True, autoincrement=False)
    name, schema = f"{table.name}_rebuilt", table.schema
    table.info[REBUILT] = Table(name, table.metadata, generation, *columns, schema=schema)
    table.info[PROJECTION] = projection
    return table


def _computed(column: Column[Any]) -> Iterator[Computed]:
    """Yield the expression of a generated column."""
    if (computed := column.computed) is not None:
        yield Computed(computed.sqltext, persisted=computed.persisted)
