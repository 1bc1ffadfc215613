"""The invitations and the welcome link, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import IdentifierTaken
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.invitations import (
    Invitation,
    Invitations,
    InvitationTerms,
    WelcomeLink,
)
from reading_club.service.accounts.secrets import SecretHash


class InMemoryInvitations(Invitations):
    """The invitations, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(
        self, id: UUID, hash: SecretHash, *, created_by: UUID, terms: InvitationTerms
    ) -> Invitation:
        """Store a row."""
        now = self.transaction.now
        expires_at = now + timedelta(days=terms.days)
        invitation = Invitation(id, created_by, now, expires_at, terms.uses, revoked_at=None)

        def insert(tables: InMemoryDatabase) -> None:
            tables.require_organiser(created_by)
            if id in tables.invitations:
                raise IdentifierTaken(id)
            tables.invitations[id] = (hash, invitation)

        self.transaction.write(insert)
        return invitation

    async def redeem(self, hash: SecretHash) -> bool:
        """Count one use down; whether there is one is checked again at the commit."""
        now = self.transaction.now
        if _usable(self.transaction.tables, hash, now) is None:
            return False

        def use(tables: InMemoryDatabase) -> None:
            if (found := _usable(tables, hash, now)) is None:
                raise WriteConflict("another transaction has used the invitation up")
            used = replace(found, uses_left=found.uses_left - 1)
            tables.invitations[found.id] = (hash, used)

        self.transaction.write(use)
        return True

    async def list(self) -> Sequence[Invitation]:
        """Return the invitations that have not expired."""
        now = self.transaction.now
        rows = (row for _, row in self.transaction.tables.invitations.values())
        current = (row for row in rows if row.expires_at > now)
        return sorted(current, key=lambda row: (row.created_at, row.id), reverse=True)

    async def revoke(self, id: UUID) -> bool:
        """Set the time of the revocation."""
        now = self.transaction.now
        known = self.transaction.tables.invitations.get(id)
        if known is None or known[1].revoked_at is not None:
            return False

        def change(tables: InMemoryDatabase) -> None:
            if id in tables.invitations:
                stored, invitation = tables.invitations[id]
                tables.invitations[id] = (stored, replace(invitation, revoked_at=now))

        self.transaction.write(change)
        return True


def _usable(tables: InMemoryDatabase, hash: SecretHash, now: datetime) -> Invitation | None:
    for stored, row in tables.invitations.values():
        if stored == hash and row.uses_left and row.revoked_at is None and row.expires_at > now:
            return row
    return None


class InMemoryWelcomeLink(WelcomeLink):
    """The welcome link, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def put(self, hash: SecretHash) -> None:
        """Replace the link."""
        self.transaction.write(lambda tables: tables.welcome_links.update({1: hash}))

    async def redeem(self, hash: SecretHash) -> bool:
        """Delete the link; whether it is there is checked again at the commit."""
        tables = self.transaction.tables
        if tables.welcome_links.get(1) != hash or tables.organisers():
            return False

        def use(tables: InMemoryDatabase) -> None:
            if tables.welcome_links.get(1) != hash or tables.organisers():
                raise WriteConflict("another transaction has used or replaced the link")
            del tables.welcome_links[1]

        self.transaction.write(use)
        return True
