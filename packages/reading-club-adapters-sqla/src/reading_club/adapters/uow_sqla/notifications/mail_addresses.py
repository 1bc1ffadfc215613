"""The addresses for notices, on SQL."""

from uuid import UUID

from sqlalchemy import and_, delete, func, or_, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import insert_for
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import is_storable
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import AccountNotFound
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.mail_addresses import (
    LINK_VALID,
    MOST_REFUSALS,
    AddressState,
    MailAddress,
    MailAddresses,
)

_COLUMNS = orm.mail_addresses.c
_HAS_EXPIRED = and_(_COLUMNS.asked_at.is_not(None), _COLUMNS.asked_at <= DatabaseTime(-LINK_VALID))


class SQLMailAddresses(MailAddresses):
    """The addresses, in the table ``mail_addresses``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def put(self, account_id: UUID, address: str, *, unsubscribe: str) -> None:
        """Replace the row, unless the address is confirmed, if there is its account."""
        other = or_(
            _COLUMNS.address != address,
            _COLUMNS.confirmed_at.is_(None),
            _COLUMNS.refusals >= MOST_REFUSALS,
        )
        mine = delete(orm.mail_addresses).where(_COLUMNS.account_id == account_id)
        await self.session.write(mine.where(other))
        row = {"account_id": account_id, "address": address, "unsubscribe": unsubscribe}
        stored = await insert_for(self.session, account_id, orm.mail_addresses, row)
        if stored is None and await self.find(account_id) is None:
            raise AccountNotFound(account_id)

    async def find(self, account_id: UUID) -> MailAddress | None:
        """Return the address of the row, or None."""
        mine = select(orm.mail_addresses).where(_COLUMNS.account_id == account_id)
        row = (await self.session.read(mine)).one_or_none()
        if row is None:
            return None
        state = AddressState.CONFIRMED if row.confirmed_at else AddressState.UNCONFIRMED
        is_refused = row.refusals >= MOST_REFUSALS
        return MailAddress(row.address, AddressState.REFUSED if is_refused else state)

    async def remove(self, account_id: UUID) -> bool:
        """Delete the row."""
        mine = delete(orm.mail_addresses).where(_COLUMNS.account_id == account_id)
        return (await self.session.write(mine)).rowcount == 1

    async def confirm(self, hash: SecretHash) -> bool:
        """Update the row."""
        confirmed = (
            update(orm.mail_addresses)
            .where(_COLUMNS.hash == hash, ~_HAS_EXPIRED)
            .values(confirmed_at=func.coalesce(_COLUMNS.confirmed_at, DatabaseTime()))
        )
        return (await self.session.write(confirmed)).rowcount == 1

    async def unsubscribe(self, secret: str) -> bool:
        """Delete the row."""
        if not is_storable(secret):
            return False
        theirs = delete(orm.mail_addresses).where(_COLUMNS.unsubscribe == secret)
        return (await self.session.write(theirs)).rowcount == 1

    async def prune(self) -> int:
        """Delete expired rows, by the database's clock."""
        old = delete(orm.mail_addresses).where(_COLUMNS.confirmed_at.is_(None), _HAS_EXPIRED)
        return (await self.session.write(old)).rowcount
