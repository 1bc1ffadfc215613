"""The sessions on SQL."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, delete, or_, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import account_of, insert_for, select_accounts
from reading_club.adapters.uow_sqla.session import Session as Connection
from reading_club.adapters.uow_sqla.types import DatabaseTime, SecondsSince
from reading_club.service.accounts.accounts import Credentials
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import (
    ABSOLUTE,
    IDLE,
    Session,
    Sessions,
    SignedIn,
    session_label,
)

_COLUMNS = orm.sessions.c
IS_OVER = or_(
    _COLUMNS.last_used_at <= DatabaseTime(-IDLE), _COLUMNS.created_at <= DatabaseTime(-ABSOLUTE)
)
"""Whether a session has ended by the database's clock."""
_FIND = (
    select_accounts(SecondsSince(_COLUMNS.last_used_at).label("idle"))
    .join(orm.sessions, _COLUMNS.account_id == orm.accounts.c.id)
    .where(_COLUMNS.hash == bindparam("hash"), ~IS_OVER)
)
"""The account of a session: read by each request that has one, and so built and compiled once."""


class SQLSessions(Sessions):
    """The sessions, in the table ``sessions``."""

    def __init__(self, session: Connection) -> None:
        self.session = session

    async def start(self, hash: SecretHash, credentials: Credentials, *, label: str) -> bool:
        """Insert a row, if the account has this password's hash still."""
        account_id = credentials.account.id
        row = {"hash": hash, "account_id": account_id, "label": session_label(label)}
        is_same = orm.accounts.c.password_hash == credentials.password_hash
        return await insert_for(self.session, account_id, orm.sessions, row, is_same) is not None

    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account of the row, or None."""
        for row in await self.session.execute_cached(_FIND, {"hash": hash}, write=False):
            return SignedIn(account_of(row), row["idle"])
        return None

    async def touch(self, hash: SecretHash) -> None:
        """Update the row, if it has not ended."""
        used = update(orm.sessions).where(_COLUMNS.hash == hash, ~IS_OVER)
        await self.session.write(used.values(last_used_at=DatabaseTime()))

    async def list(self, account_id: UUID) -> Sequence[Session]:
        """Return the sessions of the account's rows."""
        statement = (
            select(_COLUMNS.hash, _COLUMNS.label, _COLUMNS.created_at, _COLUMNS.last_used_at)
            .where(_COLUMNS.account_id == account_id, ~IS_OVER)
            .order_by(_COLUMNS.last_used_at.desc(), _COLUMNS.hash)
        )
        return [Session(**row._asdict()) for row in await self.session.read(statement)]

    async def end(self, account_id: UUID, hash: SecretHash) -> bool:
        """Delete the row."""
        mine = (_COLUMNS.account_id == account_id, _COLUMNS.hash == hash)
        return (await self.session.write(delete(orm.sessions).where(*mine))).rowcount == 1

    async def end_all(self, account_id: UUID, *, keep: SecretHash | None = None) -> int:
        """Delete the account's rows but one."""
        others = (_COLUMNS.account_id == account_id, _COLUMNS.hash != (keep or ""))
        return (await self.session.write(delete(orm.sessions).where(*others))).rowcount
