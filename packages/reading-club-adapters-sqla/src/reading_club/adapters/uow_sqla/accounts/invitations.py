"""The invitations and the welcome link on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import (
    IS_ORGANISER,
    holds,
    insert_for,
    refusal_of,
)
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_into
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import IdentifierTaken
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.invitations import (
    Invitation,
    Invitations,
    InvitationTerms,
    WelcomeLink,
)
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.accounts.sessions import DAY

_COLUMNS = orm.invitations.c


class SQLInvitations(Invitations):
    """The invitations, in the table ``invitations``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(
        self, id: UUID, hash: SecretHash, *, created_by: UUID, terms: InvitationTerms
    ) -> Invitation:
        """Insert a row, which expires by the database's clock."""
        row = {
            "id": id,
            "hash": hash,
            "created_by": created_by,
            "expires_at": DatabaseTime(terms.days * DAY),
            "uses_left": terms.uses,
        }
        inserted = await insert_for(self.session, created_by, orm.invitations, row, IS_ORGANISER)
        if inserted is None:
            if await holds(self.session, exists().where(_COLUMNS.id == id)):
                raise IdentifierTaken(id)
            raise await refusal_of(self.session, created_by) or WriteConflict(
                "what was in the way has gone"
            )
        return _invitation(inserted)

    async def redeem(self, hash: SecretHash) -> bool:
        """Count one use down, if there is one; a concurrent redemption waits for this one."""
        used = (
            update(orm.invitations)
            .where(
                _COLUMNS.hash == hash,
                _COLUMNS.uses_left > 0,
                _COLUMNS.revoked_at.is_(None),
                _COLUMNS.expires_at > DatabaseTime(),
            )
            .values(uses_left=_COLUMNS.uses_left - 1)
        )
        return (await self.session.write(used)).rowcount == 1

    async def list(self) -> Sequence[Invitation]:
        """Return the invitations of the rows that have not expired."""
        statement = (
            select(orm.invitations)
            .where(_COLUMNS.expires_at > DatabaseTime())
            .order_by(_COLUMNS.created_at.desc(), _COLUMNS.id.desc())
        )
        return [_invitation(row) for row in await self.session.read(statement)]

    async def revoke(self, id: UUID) -> bool:
        """Set the time of the revocation."""
        revoked = update(orm.invitations).where(_COLUMNS.id == id, _COLUMNS.revoked_at.is_(None))
        result = await self.session.write(revoked.values(revoked_at=DatabaseTime()))
        return result.rowcount == 1


def _invitation(row: Row[Any]) -> Invitation:
    return Invitation(
        row.id, row.created_by, row.created_at, row.expires_at, row.uses_left, row.revoked_at
    )


class SQLWelcomeLink(WelcomeLink):
    """The welcome link, in the one row of the table ``welcome_links``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, hash: SecretHash) -> None:
        """Insert or update the row."""
        row = {"number": 1, "hash": hash, "created_at": DatabaseTime()}
        insert = insert_into(self.session.dialect, orm.welcome_links).values(row)
        changes = {name: insert.excluded[name] for name in ("hash", "created_at")}
        await self.session.write(
            insert.on_conflict_do_update(index_elements=["number"], set_=changes)
        )

    async def redeem(self, hash: SecretHash) -> bool:
        """Delete the row; of two transactions only one does."""
        is_claimed = exists().where(IS_ORGANISER)
        used = delete(orm.welcome_links).where(orm.welcome_links.c.hash == hash, ~is_claimed)
        return (await self.session.write(used)).rowcount == 1
