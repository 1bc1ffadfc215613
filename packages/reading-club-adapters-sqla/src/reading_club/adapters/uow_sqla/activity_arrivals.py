"""The arrival positions of activity entries: their order of storing, which their ids are not.

They have no generations: a rebuild of the log leaves them as they are.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ARRAY, BigInteger, Column, Identity, Integer, Table, Uuid, bindparam, select

from reading_club.adapters.uow_sqla.metadata import metadata
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_into

activity_arrivals = Table(
    "activity_arrivals",
    metadata,
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        Identity(),
        primary_key=True,
    ),
    Column("id", Uuid, nullable=False, unique=True),
    sqlite_autoincrement=True,
)

LOCK: Final = 7_323_242
"""Key of PostgreSQL's advisory lock for the transactions that take positions."""


async def append(session: Session, ids: Sequence[UUID]) -> None:
    """Give events the next positions by one statement, unless they have one.

    On PostgreSQL it waits for other transactions that have taken positions and are not committed:
    a sequence's number is taken before the commit, and a reader that had seen a higher one would
    never look below it. SQLite has one writer.
    """
    insert = _insert(session.dialect)
    if session.dialect == "postgresql":
        await session.execute_cached(insert, {"all_id": list(ids)})
    else:
        await session.execute_cached(insert, [{"id": id_} for id_ in ids])


async def above(session: Session, after: int, limit: int) -> Mapping[UUID, int]:
    """Return the next positions above ``after``, up to ``limit``, by the ids of their events."""
    columns = activity_arrivals.c
    following = select(activity_arrivals).where(columns.position > after)
    rows = await session.read(following.order_by(columns.position).limit(limit))
    return {row.id: row.position for row in rows}


async def highest(session: Session) -> int:
    """Return the highest position, 0 if there is none."""
    found = await session.read(select(sa.func.max(activity_arrivals.c.position)))
    return found.scalar_one() or 0


@lru_cache(maxsize=2)
def _insert(dialect: str) -> Any:
    insert = insert_new_into(dialect, activity_arrivals)
    if dialect != "postgresql":
        return insert
    ids = sa.func.unnest(bindparam("all_id", type_=ARRAY(Uuid))).table_valued("id", name="rows")
    # The condition is met by each row before the row takes its position.
    locked = sa.func.pg_advisory_xact_lock(LOCK).is_not(None)
    return insert.from_select(["id"], select(ids.render_derived().c.id).where(locked))
