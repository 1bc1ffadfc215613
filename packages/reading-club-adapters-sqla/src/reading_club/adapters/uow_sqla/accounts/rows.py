"""Statements that the ports of accounts share."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, exists, literal, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new_into
from reading_club.domain.errors import AccountNotFound, NotAnOrganiser, Refusal
from reading_club.service.accounts.accounts import Account, Role

IS_ORGANISER = orm.accounts.c.role == Role.ORGANISER.value
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


def account_of(row: Mapping[Any, Any]) -> Account:
    """Return the account of a row of ``select_accounts``."""
    role = Role(row["role"])
    return Account(row["id"], row["reviewer_id"], row["nickname"], role, row["created_at"])


async def holds(session: Session, condition: ColumnElement[bool]) -> bool:
    """Return whether a condition holds."""
    return bool((await session.read(select(condition))).scalar_one())


async def refusal_of(session: Session, organiser_id: UUID) -> Refusal | None:
    """Return the error of an account that is no organiser's, or None."""
    account = exists().where(orm.accounts.c.id == organiser_id)
    if not await holds(session, account):
        return AccountNotFound(organiser_id)
    is_organiser = await holds(session, account.where(IS_ORGANISER))
    return None if is_organiser else NotAnOrganiser(organiser_id)


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
    account = (
        select(*expressions_of(table, row))
        .select_from(orm.accounts)
        .where(orm.accounts.c.id == account_id, *conditions)
        .with_for_update(read=True)
    )
    insert = insert_new_into(session.dialect, table).from_select(list(row), account)
    return (await session.write(insert.returning(*table.c))).one_or_none()


def expressions_of(table: Table, row: Mapping[str, Any]) -> Sequence[ColumnElement[Any]]:
    """Return the values of a row as expressions with the types of its columns."""
    return [
        value if isinstance(value, ColumnElement) else literal(value, table.c[name].type)
        for name, value in row.items()
    ]
