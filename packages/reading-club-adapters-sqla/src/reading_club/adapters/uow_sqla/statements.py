"""INSERT statements with ON CONFLICT, and conditions, for PostgreSQL and SQLite."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ARRAY, ColumnElement, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime

Insert = postgresql.Insert | sqlite.Insert
Statement = tuple[Insert, Any]
"""A statement, with its parameters as ``execute`` of any connection takes them."""

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@lru_cache(maxsize=64)
def insert_into(dialect: str, table: Table) -> Insert:
    """Return the dialect's INSERT, to which ON CONFLICT can be added."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@lru_cache(maxsize=64)
def insert_new_into(dialect: str, table: Table) -> Insert:
    """Return ``INSERT … ON CONFLICT DO NOTHING``."""
    return insert_into(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def insert_new_returning(dialect: str, table: Table) -> Any:
    """Return ``INSERT … ON CONFLICT DO NOTHING RETURNING`` the primary key."""
    return insert_new_into(dialect, table).returning(*table.primary_key)


@lru_cache(maxsize=64)
def insert_arrays(
    insert: Insert,
    names: tuple[str, ...],
    constants: tuple[str, ...] = (),
    timestamps: tuple[str, ...] = (),
) -> Insert:
    """Return PostgreSQL's INSERT from one array parameter a column, see ``arrays_of``."""
    types = {column.name: column.type for column in insert.table.columns}
    arrays = [bindparam(f"all_{name}", type_=ARRAY(types[name])) for name in names]
    unnested = sa.func.unnest(*arrays).table_valued(*names, name="rows").render_derived()
    values = [bindparam(f"the_{name}", type_=types[name]) for name in constants]
    times = [
        sa.func.clock_timestamp() + bindparam(f"in_{name}", type_=sa.Interval)
        for name in timestamps
    ]
    columns = sa.select(*unnested.c, *values, *times)
    return insert.from_select([*names, *constants, *timestamps], columns)


def arrays_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the rows as parameters of ``insert_arrays``, a list for each column."""
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}


def has_key(table: Table, key: Any) -> ColumnElement[bool]:
    """Return the condition that a row has the ``subscriber`` and ``message_id`` of ``key``."""
    return sa.and_(table.c.subscriber == key.subscriber, table.c.message_id == key.message_id)


async def insert_new(
    session: Session, table: Table, row: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    """Insert a row; return False if one of its keys is stored, or a condition does not hold.

    Waits for the end of another transaction that has inserted the same key. A stored key is no
    error of the database: the transaction goes on, on PostgreSQL as well.
    """
    if not conditions:
        return bool(await session.execute_cached(insert_new_returning(session.dialect, table), row))
    values = [sa.literal(value, table.c[name].type) for name, value in row.items()]
    rows = sa.select(*values).where(*conditions)
    insert = insert_new_into(session.dialect, table).from_select(list(row), rows)
    return (await session.write(insert)).rowcount == 1


async def insert_new_many(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    constants: Mapping[str, Any] = NOTHING,
) -> None:
    """Insert rows by one statement, except those whose keys are stored; rows may be empty."""
    if rows:
        insert = insert_new_into(session.dialect, table)
        await insert_many(session, insert, rows, constants=constants)


async def insert_many(
    session: Session,
    insert: Insert,
    rows: Sequence[Mapping[str, Any]],
    *,
    constants: Mapping[str, Any] = NOTHING,
    timestamps: Mapping[str, float] = NOTHING,
) -> Sequence[Mapping[str, Any]]:
    """Insert rows by one statement, see ``many``, and return the rows that it returns."""
    statement = many(session.dialect, insert, rows, constants=constants, timestamps=timestamps)
    return await session.execute_cached(*statement)


def many(
    dialect: str,
    insert: Insert,
    rows: Sequence[Mapping[str, Any]],
    *,
    constants: Mapping[str, Any] = NOTHING,
    timestamps: Mapping[str, float] = NOTHING,
) -> Statement:
    """Return the one statement that inserts these rows, with its parameters.

    ``constants`` have one value for all rows; ``timestamps`` are columns set to the database's
    clock plus seconds. On PostgreSQL each column of ``rows`` is one array parameter: the
    statement is the same for any number of rows.
    """
    if dialect != "postgresql":
        times = {name: DatabaseTime(seconds) for name, seconds in timestamps.items()}
        whole = insert.values(times) if times else insert
        return whole, [{**row, **constants} for row in rows]
    arrays = insert_arrays(insert, tuple(rows[0]), tuple(constants), tuple(timestamps))
    values = {f"the_{name}": value for name, value in constants.items()}
    shifts = {f"in_{name}": timedelta(seconds=s) for name, s in timestamps.items()}
    return arrays, {**arrays_of(rows), **values, **shifts}


def in_values(
    session: Session, column: ColumnElement[Any], values: Collection[Any]
) -> ColumnElement[bool]:
    """Return the condition that the column has one of these values.

    On PostgreSQL the values are one array parameter: the statement is the same for any number.
    """
    if session.dialect == "postgresql":
        return column == sa.any_(bindparam(None, list(values), type_=ARRAY(column.type)))
    return column.in_(values)


def is_storable(text: str) -> bool:
    """Return True if a text can be stored: PostgreSQL takes no NUL, UTF-8 no lone surrogate."""
    return "\x00" not in text and text == text.encode("utf-8", "ignore").decode("utf-8")
