"""The password links on SQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, select

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import (
    account_of,
    expressions_of,
    holds,
    refusal_of,
    select_accounts,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import AccountNotFound, Refusal
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.accounts import Account, Role
from reading_club.service.accounts.password_links import VALID_FOR, PasswordLinks
from reading_club.service.accounts.secrets import SecretHash

_COLUMNS = orm.password_links.c


class SQLPasswordLinks(PasswordLinks):
    """The password links, in the table ``password_links``.

    Like a change of role or password, each method locks the account before the link.
    """

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, hash: SecretHash, *, account_id: UUID, created_by: UUID) -> datetime:
        """Insert or update the account's row, if there are the account and its organiser."""
        row = {
            "account_id": account_id,
            "hash": hash,
            "created_by": created_by,
            "created_at": DatabaseTime(),
            "expires_at": DatabaseTime(VALID_FOR),
        }
        values = select(*expressions_of(orm.password_links, row))
        accounts = _with_accounts(values, account_id, created_by).with_for_update(read=True)
        insert = insert_into(self.session.dialect, orm.password_links)
        insert = insert.from_select(list(row), accounts)
        changes = {name: insert.excluded[name] for name in row if name != "account_id"}
        put = insert.on_conflict_do_update(index_elements=["account_id"], set_=changes)
        stored = await self.session.write(put.returning(_COLUMNS.expires_at))
        expires_at: datetime | None = stored.scalar_one_or_none()
        if expires_at is None:
            raise await self._refusal(account_id, created_by)
        return expires_at

    async def _refusal(self, account_id: UUID, created_by: UUID) -> Refusal | WriteConflict:
        if not await holds(self.session, exists().where(orm.accounts.c.id == account_id)):
            return AccountNotFound(account_id)
        refusal = await refusal_of(self.session, created_by)
        return refusal or WriteConflict("what was in the way has gone")

    async def redeem(self, hash: SecretHash) -> Account | None:
        """Lock the account and delete the row; of two transactions only one does."""
        statement = (
            select_accounts()
            .join(orm.password_links, _COLUMNS.account_id == orm.accounts.c.id)
            .where(_COLUMNS.hash == hash, _COLUMNS.expires_at > DatabaseTime())
            .with_for_update(of=orm.accounts)
        )
        row = (await self.session.write(statement)).mappings().one_or_none()
        used = delete(orm.password_links).where(_COLUMNS.hash == hash)
        if row is None or (await self.session.write(used)).rowcount != 1:
            return None
        return account_of(row)


def _with_accounts(values: Select[Any], account_id: UUID, organiser_id: UUID) -> Select[Any]:
    """Select the values if there are an account and an organiser's, which may be the same."""
    organiser = orm.accounts.alias("organiser")
    are_there = (orm.accounts.c.id == account_id) & (organiser.c.id == organiser_id)
    return values.select_from(orm.accounts.join(organiser, are_there)).where(
        organiser.c.role == Role.ORGANISER.value
    )
