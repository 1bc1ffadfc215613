"""Statements that both databases know and SQLAlchemy spells for each of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Executable,
    Interval,
    Table,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from reading_club.adapters.uow_sqla.clock import database_time
from reading_club.adapters.uow_sqla.session import Session

Insert = postgresql.Insert | sqlite.Insert

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@lru_cache(maxsize=64)
def insert_into(dialect: str, table: Table) -> Insert:
    """Return the INSERT of the database's dialect, which can resolve conflicts."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@lru_cache(maxsize=64)
def insert_new_into(dialect: str, table: Table) -> Insert:
    """Return the INSERT that passes over rows whose keys are there."""
    return insert_into(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=64)
def _one(dialect: str, table: Table) -> Executable:
    """Return the same, which tells whether there is a new row."""
    return insert_new_into(dialect, table).returning(*table.primary_key)


@lru_cache(maxsize=64)
def insert_arrays(
    insert: Insert,
    names: tuple[str, ...],
    same: tuple[str, ...] = (),
    moments: tuple[str, ...] = (),
) -> Insert:
    """Return the INSERT of PostgreSQL that takes an array a column, see ``arrays_of``."""
    types = {column.name: column.type for column in insert.table.columns}
    arrays = [bindparam(f"all_{name}", type_=ARRAY(types[name])) for name in names]
    unnested = func.unnest(*arrays).table_valued(*names, name="rows").render_derived()
    values = [bindparam(f"the_{name}", type_=types[name]) for name in same]
    times = [func.clock_timestamp() + bindparam(f"in_{name}", type_=Interval) for name in moments]
    columns = select(*unnested.c, *values, *times)
    return insert.from_select([*names, *same, *moments], columns)


def arrays_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the parameters of ``insert_arrays``."""
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}


async def insert_once(session: Session, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row, unless one of its keys is there; tell whether it was inserted.

    A transaction that has inserted the same key and not ended is waited for. No error is raised
    for the key, so that the transaction goes on, on PostgreSQL as well.
    """
    return bool(await session.put(_one(session.dialect, table), row))


async def insert_all_once(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows by one statement, if there are any, but for those whose keys are there."""
    if rows:
        await insert_rows(session, insert_new_into(session.dialect, table), rows)


async def insert_rows(
    session: Session,
    insert: Insert,
    rows: Sequence[Mapping[str, Any]],
    *,
    same: Mapping[str, Any] = NOTHING,
    moments: Mapping[str, float] = NOTHING,
) -> Sequence[Mapping[str, Any]]:
    """Insert many rows by one statement: each with columns of its own, and some for all of them.

    ``moments`` are columns for what the database's clock says in so many seconds. On PostgreSQL
    each column is one parameter, an array: the statement is the same for any number of rows.
    Returns the rows that the statement returns.
    """
    if session.dialect != "postgresql":
        now = {name: database_time("sqlite", seconds) for name, seconds in moments.items()}
        whole = insert.values([{**row, **same, **now} for row in rows])
        return await session.put(whole, NOTHING)
    many = insert_arrays(insert, tuple(rows[0]), tuple(same), tuple(moments))
    values = {f"the_{name}": value for name, value in same.items()}
    times = {f"in_{name}": timedelta(seconds=s) for name, s in moments.items()}
    return await session.put(many, {**arrays_of(rows), **values, **times})


async def insert_once_if(
    session: Session, table: Table, row: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    """Insert a row as ``insert_once`` does, if these conditions hold as well."""
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    rows = select(*values).where(*conditions)
    insert = insert_new_into(session.dialect, table)
    statement = insert.from_select(list(row), rows)
    return (await session.write(statement)).rowcount == 1


def one_of(session: Session, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Return the condition that the column has one of these values.

    On PostgreSQL they are one parameter, so that the statement is the same for any number.
    """
    if session.dialect == "postgresql":
        return column == any_(bindparam(None, list(values), type_=ARRAY(column.type)))
    return column.in_(values)


def occurs_in(session: Session, column: Column[str], words: str) -> ColumnElement[bool]:
    """Return the condition that the words are in the column as they are written.

    A LIKE would do so on PostgreSQL, and ignore the case of some letters on SQLite.
    """
    position = func.strpos if session.dialect == "postgresql" else func.instr
    return position(column, words) > 0


def is_storable(text: str) -> bool:
    """Tell whether a text can be in a table: PostgreSQL takes no NUL, UTF-8 no lone surrogate."""
    return "\x00" not in text and text == text.encode("utf-8", "ignore").decode("utf-8")
