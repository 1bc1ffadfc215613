"""The accounts, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from reading_club.adapters.memory.accounts.sessions import InMemorySessions
from reading_club.adapters.memory.accounts.tables import AccountRow
from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import (
    AccountExists,
    AccountNotFound,
    IdentifierTaken,
    LastOrganiser,
    ReviewerNotFound,
)
from reading_club.domain.text import nickname_key
from reading_club.service.accounts.accounts import Account, Accounts, Credentials, Role
from reading_club.service.accounts.secrets import SecretHash


class InMemoryAccounts(Accounts):
    """The accounts, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(self, id: UUID, *, reviewer_id: UUID, role: Role, password_hash: str) -> None:
        """Store a row."""
        row = AccountRow(id, reviewer_id, role, self.transaction.now, password_hash)

        def insert(tables: InMemoryDatabase) -> None:
            if reviewer_id not in tables.reviewers:
                raise ReviewerNotFound(reviewer_id)
            if id in tables.accounts:
                raise IdentifierTaken(id)
            if any(other.reviewer_id == reviewer_id for other in tables.accounts.values()):
                raise AccountExists(reviewer_id)
            tables.accounts[id] = row

        self.transaction.write(insert)

    async def find(self, id: UUID) -> Account | None:
        """Return the account, or None."""
        return self.transaction.tables.account(id)

    async def credentials(self, nickname: str) -> Credentials | None:
        """Return the account and its password's hash, or None."""
        key, tables = nickname_key(nickname), self.transaction.tables
        for row in tables.accounts.values():
            if tables.reviewers[row.reviewer_id].nickname_key == key:
                account = tables.account(row.id)
                return Credentials(account, row.password_hash) if account else None
        return None

    async def list(self) -> Sequence[Account]:
        """Return all accounts."""
        tables = self.transaction.tables
        accounts = (account for each in tables.accounts if (account := tables.account(each)))
        return sorted(accounts, key=lambda account: (account.created_at, account.id))

    async def is_claimed(self) -> bool:
        """Whether there is an organiser."""
        return self.transaction.tables.organisers() > 0

    async def change_role(self, id: UUID, role: Role) -> None:
        """Replace the role."""

        def change(tables: InMemoryDatabase) -> None:
            row = _existing(tables, id)
            tables.accounts[id] = replace(row, role=role)
            if row.role is Role.ORGANISER and not tables.organisers():
                tables.accounts[id] = row
                raise LastOrganiser(id)

        self.transaction.write(change)

    async def change_password(
        self, id: UUID, password_hash: str, *, keep: SecretHash | None = None
    ) -> None:
        """Replace the hash, and delete the sessions."""

        def change(tables: InMemoryDatabase) -> None:
            tables.accounts[id] = replace(_existing(tables, id), password_hash=password_hash)

        self.transaction.write(change)
        await InMemorySessions(self.transaction).end_all(id, keep=keep)

    async def remove(self, id: UUID) -> None:
        """Delete the row, and what belongs to it."""

        def delete(tables: InMemoryDatabase) -> None:
            row = _existing(tables, id)
            if row.role is Role.ORGANISER and tables.organisers() == 1:
                raise LastOrganiser(id)
            del tables.accounts[id]
            _delete_what_belongs_to(tables, id)

        self.transaction.write(delete)

    async def prune(self) -> Mapping[str, int]:
        """Delete expired rows."""
        now, tables = self.transaction.now, self.transaction.tables
        over = await InMemorySessions(self.transaction).prune()
        expired = [key for key, (_, row) in tables.invitations.items() if row.expires_at <= now]

        def delete(tables: InMemoryDatabase) -> None:
            for key in expired:
                tables.invitations.pop(key, None)

        self.transaction.write(delete)
        return {"sessions": over, "invitations": len(expired)}


def _existing(tables: InMemoryDatabase, id: UUID) -> AccountRow:
    if (row := tables.accounts.get(id)) is None:
        raise AccountNotFound(id)
    return row


def _delete_what_belongs_to(tables: InMemoryDatabase, id: UUID) -> None:
    for session, (account_id, _) in list(tables.sessions.items()):
        if account_id == id:
            del tables.sessions[session]
    for key, (_, invitation) in list(tables.invitations.items()):
        if invitation.created_by == id:
            del tables.invitations[key]
    for key, (account_id, _, _) in list(tables.tokens.items()):
        if account_id == id:
            del tables.tokens[key]
