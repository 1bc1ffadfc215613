"""The tokens of the API on SQL."""

from collections.abc import Sequence
from math import inf
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import (
    account_of,
    holds,
    insert_for,
    select_accounts,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime, SecondsSince
from reading_club.domain.errors import AccountNotFound, IdentifierTaken
from reading_club.domain.text import TokenName
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import SignedIn
from reading_club.service.accounts.tokens import Token, Tokens

_COLUMNS = orm.tokens.c
_FIND = (
    select_accounts(_COLUMNS.last_used_at, SecondsSince(_COLUMNS.last_used_at).label("idle"))
    .join(orm.tokens, _COLUMNS.account_id == orm.accounts.c.id)
    .where(_COLUMNS.hash == bindparam("hash"))
)
"""The account of a token: read by each request that bears one, and so built and compiled once."""


class SQLTokens(Tokens):
    """The tokens, in the table ``tokens``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, id: UUID, hash: SecretHash, *, account_id: UUID, name: TokenName) -> None:
        """Insert a row, if there is its account."""
        row = {"id": id, "hash": hash, "account_id": account_id, "name": name}
        if await insert_for(self.session, account_id, orm.tokens, row) is None:
            is_taken = await holds(self.session, exists().where(_COLUMNS.id == id))
            raise IdentifierTaken(id) if is_taken else AccountNotFound(account_id)

    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account of the row, or None."""
        for row in await self.session.execute_cached(_FIND, {"hash": hash}, write=False):
            return SignedIn(account_of(row), inf if row["last_used_at"] is None else row["idle"])
        return None

    async def touch(self, hash: SecretHash) -> None:
        """Update the row."""
        used = update(orm.tokens).where(_COLUMNS.hash == hash)
        await self.session.write(used.values(last_used_at=DatabaseTime()))

    async def list(self, account_id: UUID) -> Sequence[Token]:
        """Return the tokens of the account's rows."""
        statement = (
            select(_COLUMNS.id, _COLUMNS.name, _COLUMNS.created_at, _COLUMNS.last_used_at)
            .where(_COLUMNS.account_id == account_id)
            .order_by(_COLUMNS.created_at.desc(), _COLUMNS.id.desc())
        )
        return [Token(**row._asdict()) for row in await self.session.read(statement)]

    async def revoke(self, account_id: UUID, id: UUID) -> bool:
        """Delete the row."""
        mine = (_COLUMNS.account_id == account_id, _COLUMNS.id == id)
        return (await self.session.write(delete(orm.tokens).where(*mine))).rowcount == 1
