"""Statements that both databases know and SQLAlchemy spells for each of them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Table,
    any_,
    bindparam,
    func,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from reading_club.adapters.uow_sqla.session import Session

Insert = postgresql.Insert | sqlite.Insert


def insert_into(session: Session, table: Table) -> Insert:
    """Return the INSERT of the session's database, which can resolve conflicts."""
    return postgresql.insert(table) if session.dialect == "postgresql" else sqlite.insert(table)


def insert_rows(
    session: Session,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    **same: ColumnElement[Any],
) -> Insert:
    """Return the INSERT of many rows, which have the same columns, and some the same value.

    On PostgreSQL each column is one parameter, an array: the statement is the same for any
    number of rows, so that it is compiled and prepared once.
    """
    if session.dialect != "postgresql":
        return insert_into(session, table).values([{**row, **same} for row in rows])
    names = list(rows[0])
    arrays = [
        bindparam(None, [row[name] for row in rows], type_=ARRAY(table.c[name].type))
        for name in names
    ]
    unnested = func.unnest(*arrays).table_valued(*names, name="rows").render_derived()
    columns = select(*unnested.c, *same.values())
    return insert_into(session, table).from_select([*names, *same], columns)


async def insert_once(session: Session, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row, unless one of its keys is there; tell whether it was inserted.

    A transaction that has inserted the same key and not ended is waited for. No error is raised
    for the key, so that the transaction goes on, on PostgreSQL as well.
    """
    statement = insert_into(session, table).values(row).on_conflict_do_nothing()
    return (await session.write(statement)).rowcount == 1


async def insert_all_once(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert rows by one statement, if there are any, but for those whose keys are there."""
    if rows:
        await session.write(insert_rows(session, table, rows).on_conflict_do_nothing())


async def insert_once_if(
    session: Session, table: Table, row: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    """Insert a row as ``insert_once`` does, if these conditions hold as well."""
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    rows = select(*values).where(*conditions)
    statement = insert_into(session, table).from_select(list(row), rows).on_conflict_do_nothing()
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
