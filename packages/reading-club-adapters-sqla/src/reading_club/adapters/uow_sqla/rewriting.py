"""Changes of many rows, each in its own way, by few statements."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Column, ColumnElement, Row, Table, Update

from reading_club.adapters.uow_sqla.session import Session

BATCH: Final = 200
"""Rows of one UPDATE."""

Change = Callable[[Row[Any]], Mapping[str, Any]]
"""Returns the new values of a row's columns, always of the same ones; empty to leave the row."""


async def rewrite(
    session: Session, table: Table, change: Change, *conditions: ColumnElement[bool]
) -> None:
    """Change the rows that meet the conditions: a SELECT and at most one UPDATE for each batch.

    Rows are read in the order of the primary key, and a large table once.
    """
    keys = list(table.primary_key.columns)
    whole = sa.select(table).where(*conditions).order_by(*keys).limit(BATCH)
    statement = whole
    while rows := (await session.write(statement)).all():
        changes = {_key(row, keys): changed for row in rows if (changed := change(row))}
        if changes:
            await session.write(_update(keys, table, changes))
        if len(rows) < BATCH:
            return
        last = sa.tuple_(*_key(rows[-1], keys), types=[key.type for key in keys])
        statement = whole.where(sa.tuple_(*keys) > last)


def _key(row: Row[Any], keys: Sequence[Column[Any]]) -> tuple[Any, ...]:
    return tuple(getattr(row, key.name) for key in keys)


def _update(
    keys: Sequence[Column[Any]],
    table: Table,
    changes: Mapping[tuple[Any, ...], Mapping[str, Any]],
) -> Update:
    """Return the UPDATE, with a CASE of the keys for each column."""
    conditions = {
        key: sa.and_(*[column == value for column, value in zip(keys, key, strict=True)])
        for key in changes
    }
    names = next(iter(changes.values()))
    values = {
        name: sa.case(
            *[
                (conditions[key], sa.literal(changed[name], table.c[name].type))
                for key, changed in changes.items()
            ]
        )
        for name in names
    }
    return sa.update(table).where(sa.tuple_(*keys).in_(list(changes))).values(values)
