"""The accounts, in memory."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from reading_club.adapters.memory.accounts.join_requests import expiry
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

TKey = TypeVar("TKey")
TRow = TypeVar("TRow")


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
            if role is Role.ORGANISER:
                tables.welcome_links.clear()

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
        """Replace the role; the links of a member end."""
        now = self.transaction.now

        def change(tables: InMemoryDatabase) -> None:
            row = _existing(tables, id)
            tables.accounts[id] = replace(row, role=role)
            if row.role is Role.ORGANISER and not tables.organisers():
                tables.accounts[id] = row
                raise LastOrganiser(id)
            if role is not Role.ORGANISER:
                _end_links_by(tables, id, now)

        self.transaction.write(change)

    async def change_password(
        self, id: UUID, password_hash: str, *, keep: SecretHash | None = None
    ) -> None:
        """Replace the hash, and delete the sessions and the link."""

        def change(tables: InMemoryDatabase) -> None:
            tables.accounts[id] = replace(_existing(tables, id), password_hash=password_hash)
            tables.password_links.pop(id, None)

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
        now, pruned = self.transaction.now, dict[str, int]()

        def delete(tables: InMemoryDatabase) -> None:
            pruned.update(
                invitations=_delete(tables.invitations, lambda _, row: row[1].expires_at <= now),
                password_links=_delete(tables.password_links, lambda _, row: row.expires_at <= now),
                join_requests=_delete(
                    tables.join_requests, lambda _, row: expiry(row.request) <= now
                ),
            )

        self.transaction.write(delete)
        return {"sessions": await InMemorySessions(self.transaction).prune(), **pruned}


def _existing(tables: InMemoryDatabase, id: UUID) -> AccountRow:
    if (row := tables.accounts.get(id)) is None:
        raise AccountNotFound(id)
    return row


def _end_links_by(tables: InMemoryDatabase, id: UUID, now: datetime) -> None:
    for key, (stored, invitation) in list(tables.invitations.items()):
        if invitation.created_by == id and invitation.revoked_at is None:
            tables.invitations[key] = (stored, replace(invitation, revoked_at=now))
    _delete(tables.password_links, lambda _, row: row.created_by == id)


def _delete_what_belongs_to(tables: InMemoryDatabase, id: UUID) -> None:
    _delete(tables.sessions, lambda _, row: row[0] == id)
    _delete(tables.invitations, lambda _, row: row[1].created_by == id)
    _delete(tables.tokens, lambda _, row: row[0] == id)
    _delete(tables.password_links, lambda owner, row: id in {owner, row.created_by})
    _delete(tables.own_books, lambda key, _: key[0] == id)
    for import_id in [key for key, row in tables.imports.items() if row.account_id == id]:
        tables.delete_import(import_id)
    tables.forget_notifications_of(id)


def _delete(rows: MutableMapping[TKey, TRow], is_to_go: Callable[[TKey, TRow], bool]) -> int:
    """Delete matching rows of a table, and return their number."""
    gone = [key for key, row in rows.items() if is_to_go(key, row)]
    for key in gone:
        del rows[key]
    return len(gone)
