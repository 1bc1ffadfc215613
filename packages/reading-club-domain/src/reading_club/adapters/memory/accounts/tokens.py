"""The tokens of the API, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import AccountNotFound, IdentifierTaken
from reading_club.domain.text import TokenName
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import SignedIn
from reading_club.service.accounts.tokens import Token, Tokens


class InMemoryTokens(Tokens):
    """The tokens, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(self, id: UUID, hash: SecretHash, *, account_id: UUID, name: TokenName) -> None:
        """Store a row."""
        token = Token(id, name, self.transaction.now, last_used_at=None)

        def insert(tables: InMemoryDatabase) -> None:
            if account_id not in tables.accounts:
                raise AccountNotFound(account_id)
            if id in tables.tokens:
                raise IdentifierTaken(id)
            tables.tokens[id] = (account_id, hash, token)

        self.transaction.write(insert)

    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account, or None."""
        tables, now = self.transaction.tables, self.transaction.now
        for account_id, stored, token in tables.tokens.values():
            if stored == hash and (account := tables.account(account_id)):
                last = token.last_used_at
                return SignedIn(account, inf if last is None else (now - last).total_seconds())
        return None

    async def touch(self, hash: SecretHash) -> None:
        """Replace the time of the last use."""
        now = self.transaction.now

        def use(tables: InMemoryDatabase) -> None:
            for key, (account_id, stored, token) in list(tables.tokens.items()):
                if stored == hash:
                    used = replace(token, last_used_at=now)
                    tables.tokens[key] = (account_id, stored, used)

        self.transaction.write(use)

    async def list(self, account_id: UUID) -> Sequence[Token]:
        """Return the account's tokens."""
        rows = self.transaction.tables.tokens.values()
        mine = (token for owner, _, token in rows if owner == account_id)
        return sorted(mine, key=lambda token: (token.created_at, token.id), reverse=True)

    async def revoke(self, account_id: UUID, id: UUID) -> bool:
        """Delete the row."""
        known = self.transaction.tables.tokens.get(id)
        if known is None or known[0] != account_id:
            return False
        self.transaction.write(lambda tables: tables.tokens.pop(id, None))
        return True
