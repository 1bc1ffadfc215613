"""The accounts on SQL."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Update, delete, exists, func, or_, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.join_requests import HAS_EXPIRED
from reading_club.adapters.uow_sqla.accounts.rows import (
    IS_ORGANISER,
    account_of,
    holds,
    select_accounts,
)
from reading_club.adapters.uow_sqla.accounts.sessions import IS_OVER, SQLSessions
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new, is_storable
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import (
    AccountExists,
    AccountNotFound,
    IdentifierTaken,
    LastOrganiser,
    Refusal,
    ReviewerNotFound,
)
from reading_club.domain.text import nickname_key
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.accounts import Account, Accounts, Credentials, Role
from reading_club.service.accounts.secrets import SecretHash


def another_organiser() -> ColumnElement[bool]:
    """Return the condition that an account is no organiser, or is one of several.

    On PostgreSQL the organisers are locked, in the order of their ids, and counted afterwards:
    two transactions cannot take each other for the one who stays.
    """
    organisers = (
        select(orm.accounts.c.id)
        .where(IS_ORGANISER)
        .order_by(orm.accounts.c.id)
        .with_for_update()
        .cte("organisers")
    )
    number = select(func.count(organisers.c.id)).scalar_subquery()
    return or_(~IS_ORGANISER, number > 1)


class SQLAccounts(Accounts):
    """The accounts, in the table ``accounts``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, id: UUID, *, reviewer_id: UUID, role: Role, password_hash: str) -> None:
        """Insert a row, if there is its reviewer.

        A transaction that redeems the welcome link waits for this one, and finds none.
        """
        if role is Role.ORGANISER:
            await self.session.write(delete(orm.welcome_links))
        row = {
            "id": id,
            "reviewer_id": reviewer_id,
            "role": role.value,
            "password_hash": password_hash,
        }
        is_there = exists().where(orm.reviewers.c.id == reviewer_id)
        if not await insert_new(self.session, orm.accounts, row, is_there):
            raise await self._refusal(id, reviewer_id) or WriteConflict(
                "what was in the way has gone"
            )

    async def _refusal(self, id: UUID, reviewer_id: UUID) -> Refusal | None:
        """Return the error of the constraint that a new account violates, None without one."""
        if not await holds(self.session, exists().where(orm.reviewers.c.id == reviewer_id)):
            return ReviewerNotFound(reviewer_id)
        if await holds(self.session, exists().where(orm.accounts.c.id == id)):
            return IdentifierTaken(id)
        known = await holds(self.session, exists().where(orm.accounts.c.reviewer_id == reviewer_id))
        return AccountExists(reviewer_id) if known else None

    async def find(self, id: UUID) -> Account | None:
        """Return the account of the row, or None."""
        found = await self.session.read(select_accounts().where(orm.accounts.c.id == id))
        row = found.mappings().one_or_none()
        return None if row is None else account_of(row)

    async def credentials(self, nickname: str) -> Credentials | None:
        """Return the account and the hash of the row, by the nickname's key."""
        key = nickname_key(nickname)
        if not is_storable(key):
            return None
        statement = select_accounts(orm.accounts.c.password_hash)
        found = await self.session.read(statement.where(orm.reviewers.c.nickname_key == key))
        row = found.mappings().one_or_none()
        return None if row is None else Credentials(account_of(row), row["password_hash"])

    async def list(self) -> Sequence[Account]:
        """Return the accounts of all rows."""
        order = (orm.accounts.c.created_at, orm.accounts.c.id)
        found = await self.session.read(select_accounts().order_by(*order))
        return [account_of(row) for row in found.mappings()]

    async def is_claimed(self) -> bool:
        """Whether a row is an organiser's."""
        return await holds(self.session, exists().where(IS_ORGANISER))

    async def change_role(self, id: UUID, role: Role) -> None:
        """Update the row first, on which a new link waits, unless it is the last organiser's."""
        statement = update(orm.accounts).where(orm.accounts.c.id == id).values(role=role.value)
        if role is not Role.ORGANISER:
            statement = statement.where(another_organiser())
        if not await self._changes(statement):
            account = await self._existing(id)
            if account.role is not role:  # a transaction that was faster may have set it
                raise LastOrganiser(id)
        if role is not Role.ORGANISER:
            await self._end_links_by(id)

    async def _end_links_by(self, id: UUID) -> None:
        made = orm.invitations.c
        revoked = update(orm.invitations).where(made.created_by == id, made.revoked_at.is_(None))
        await self.session.write(revoked.values(revoked_at=DatabaseTime()))
        await self.session.write(
            delete(orm.password_links).where(orm.password_links.c.created_by == id)
        )

    async def _changes(self, statement: Update | Delete) -> bool:
        """Execute it; return whether it changed a row. SQLite counts none after a WITH clause."""
        changed = await self.session.write(statement.returning(orm.accounts.c.id))
        return changed.one_or_none() is not None

    async def _existing(self, id: UUID) -> Account:
        if (account := await self.find(id)) is None:
            raise AccountNotFound(id)
        return account

    async def change_password(
        self, id: UUID, password_hash: str, *, keep: SecretHash | None = None
    ) -> None:
        """Update the row first, on which a log-in waits, then delete sessions and link."""
        changed = (
            update(orm.accounts).where(orm.accounts.c.id == id).values(password_hash=password_hash)
        )
        if (await self.session.write(changed)).rowcount != 1:
            raise AccountNotFound(id)
        await SQLSessions(self.session).end_all(id, keep=keep)
        await self.session.write(
            delete(orm.password_links).where(orm.password_links.c.account_id == id)
        )

    async def remove(self, id: UUID) -> None:
        """Delete the row, unless it is the last organiser's. Rows that refer to it go with it."""
        statement = delete(orm.accounts).where(orm.accounts.c.id == id, another_organiser())
        if not await self._changes(statement):
            await self._existing(id)
            raise LastOrganiser(id)

    async def prune(self) -> Mapping[str, int]:
        """Delete expired rows, by the database's clock."""
        pruned = {
            orm.sessions: IS_OVER,
            orm.invitations: orm.invitations.c.expires_at <= DatabaseTime(),
            orm.password_links: orm.password_links.c.expires_at <= DatabaseTime(),
            orm.join_requests: HAS_EXPIRED,
        }
        return {
            table.name: (await self.session.write(delete(table).where(condition))).rowcount
            for table, condition in pruned.items()
        }
