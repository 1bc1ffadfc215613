"""Statements that the ports of accounts share."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, literal, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_into
from reading_club.service.accounts.accounts import Account, Role

ACCOUNT = (
    orm.accounts.c.id,
    orm.accounts.c.reviewer_id,
    orm.accounts.c.role,
    orm.accounts.c.created_at,
    orm.reviewers.c.nickname,
)
"""The columns of an ``Account``."""


def select_accounts(*columns: ColumnElement[Any]) -> Select[Any]:
    """Select accounts with their nicknames, and further columns."""
    is_same = orm.reviewers.c.id == orm.accounts.c.reviewer_id
    return select(*ACCOUNT, *columns).join_from(orm.accounts, orm.reviewers, is_same)


def account_of(row: Row[Any]) -> Account:
    """Return the account of a row of ``select_accounts``."""
    return Account(row.id, row.reviewer_id, row.nickname, Role(row.role), row.created_at)


async def insert_for(
    session: Session,
    account_id: UUID,
    table: Table,
    row: Mapping[str, Any],
    *conditions: ColumnElement[bool],
) -> Row[Any] | None:
    """Insert a row that belongs to an account, and return it.

    Returns None if the account does not exist, a condition on it does not hold, or a key is
    stored. On PostgreSQL the account is locked: a transaction that changes it at this moment
    comes first, and its result counts.
    """
    values = [
        value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)
        for name, value in row.items()
    ]
    account = (
        select(*values)
        .select_from(orm.accounts)
        .where(orm.accounts.c.id == account_id, *conditions)
        .with_for_update(read=True)
    )
    insert = insert_new_into(session.dialect, table).from_select(list(row), account)
    return (await session.write(insert.returning(*table.c))).one_or_none()
