"""The sessions, in memory."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.eventstream.errors import WriteConflict
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


class InMemorySessions(Sessions):
    """The sessions, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def start(self, hash: SecretHash, credentials: Credentials, *, label: str) -> bool:
        """Store a row; its condition is checked again at the commit."""
        now, account_id = self.transaction.now, credentials.account.id
        session = Session(hash, session_label(label), now, now)
        if not _is_current(self.transaction.tables, credentials):
            return False

        def insert(tables: InMemoryDatabase) -> None:
            if not _is_current(tables, credentials):
                raise WriteConflict("the password was changed by another transaction")
            tables.sessions[hash] = (account_id, session)

        self.transaction.write(insert)
        return True

    async def find(self, hash: SecretHash) -> SignedIn | None:
        """Return the account, or None."""
        tables, now = self.transaction.tables, self.transaction.now
        account_id, session = tables.sessions.get(hash, (None, None))
        if account_id is None or session is None or _is_over(session, now):
            return None
        idle = (now - session.last_used_at).total_seconds()
        account = tables.account(account_id)
        return SignedIn(account, idle) if account else None

    async def touch(self, hash: SecretHash) -> None:
        """Replace the time of the last use."""
        now = self.transaction.now

        def use(tables: InMemoryDatabase) -> None:
            if hash in tables.sessions and not _is_over(tables.sessions[hash][1], now):
                account_id, session = tables.sessions[hash]
                tables.sessions[hash] = (account_id, replace(session, last_used_at=now))

        self.transaction.write(use)

    async def list(self, account_id: UUID) -> Sequence[Session]:
        """Return the account's sessions."""
        rows, now = self.transaction.tables.sessions.values(), self.transaction.now
        mine = [row for owner, row in rows if owner == account_id and not _is_over(row, now)]
        by_hash = sorted(mine, key=lambda session: session.hash)
        return sorted(by_hash, key=lambda session: session.last_used_at, reverse=True)

    async def end(self, account_id: UUID, hash: SecretHash) -> bool:
        """Delete one row."""
        return self._delete(lambda owner, row: owner == account_id and row.hash == hash) == 1

    async def end_all(self, account_id: UUID, *, keep: SecretHash | None = None) -> int:
        """Delete the account's rows but one."""
        return self._delete(lambda owner, row: owner == account_id and row.hash != keep)

    async def prune(self) -> int:
        """Delete the rows of ended sessions, and return their number."""
        now = self.transaction.now
        return self._delete(lambda _, row: _is_over(row, now))

    def _delete(self, is_to_go: Callable[[UUID, Session], bool]) -> int:
        """Delete matching rows, and once more at the commit those that have come meanwhile."""
        deleted = 0

        def delete(tables: InMemoryDatabase) -> None:
            nonlocal deleted
            gone = [key for key, row in tables.sessions.items() if is_to_go(*row)]
            for key in gone:
                del tables.sessions[key]
            deleted = len(gone)

        self.transaction.write(delete)
        return deleted


def _is_current(tables: InMemoryDatabase, credentials: Credentials) -> bool:
    row = tables.accounts.get(credentials.account.id)
    return row is not None and row.password_hash == credentials.password_hash


def _is_over(session: Session, now: datetime) -> bool:
    idle, age = now - session.last_used_at, now - session.created_at
    return idle >= timedelta(seconds=IDLE) or age >= timedelta(seconds=ABSOLUTE)
