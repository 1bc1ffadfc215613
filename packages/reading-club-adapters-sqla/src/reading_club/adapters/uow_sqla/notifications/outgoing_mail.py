"""The mail that is to be sent, on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select, update

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import holds
from reading_club.adapters.uow_sqla.notifications.notices import select_notices
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.service.accounts.secrets import SecretHash
from reading_club.service.notifications.mail_addresses import MOST_REFUSALS
from reading_club.service.notifications.notices import Notice
from reading_club.service.notifications.outgoing_mail import (
    LEASE,
    PAUSE,
    ConfirmationMail,
    DigestMail,
    Outgoing,
    OutgoingMail,
)

_COLUMNS, _NOTICES = orm.mail_addresses.c, orm.notices.c
_UNTOLD = and_(
    _NOTICES.account_id == _COLUMNS.account_id,
    _NOTICES.digest_id.is_(None),
    _NOTICES.created_at >= _COLUMNS.confirmed_at,
)
"""Whether no digest has a notice, which was made since the address was confirmed."""


class SQLOutgoingMail(OutgoingMail):
    """The mail, by the rows of ``mail_addresses`` and ``notices``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def is_due(self, every: float) -> bool:
        """Whether a row is due, without a lock."""
        return await holds(self.session, exists().where(_is_due(every)))

    async def take(self, *, id: UUID, hash: SecretHash, every: float) -> Outgoing | None:
        """Lock a row that is due and that no other transaction has locked, and lease it."""
        due = select(orm.mail_addresses).where(_is_due(every)).order_by(_COLUMNS.account_id)
        locked = due.limit(1).with_for_update(skip_locked=True)
        row = (await self.session.write(locked)).one_or_none()
        if row is None:
            return None
        if row.confirmed_at is None:
            await self._lease(row, hash=hash)
            return ConfirmationMail(row.account_id, row.address, hash)
        digest_id = row.digest_id or id
        if row.digest_id is None:
            await self._collect(row, id)
        await self._lease(row, digest_id=digest_id)
        return DigestMail(row.account_id, row.address, digest_id, row.unsubscribe)

    async def _lease(self, row: Row[Any], **values: Any) -> None:
        mine = update(orm.mail_addresses).where(_COLUMNS.account_id == row.account_id)
        await self.session.write(mine.values(**values, leased_until=DatabaseTime(LEASE)))

    async def _collect(self, row: Row[Any], digest_id: UUID) -> None:
        """Give the notices that no digest has to this one."""
        untold = update(orm.notices).where(
            _NOTICES.account_id == row.account_id,
            _NOTICES.digest_id.is_(None),
            _NOTICES.created_at >= row.confirmed_at,
        )
        await self.session.write(untold.values(digest_id=digest_id))

    async def notices(self, digest: DigestMail) -> Sequence[Notice]:
        """Return the notices of the rows that have the digest's id."""
        statement = (
            select_notices()
            .where(_NOTICES.account_id == digest.account_id, _NOTICES.digest_id == digest.id)
            .order_by(None)
            .order_by(_NOTICES.event_id)
        )
        return [Notice(**row._asdict()) for row in await self.session.read(statement)]

    async def sent(self, mail: Outgoing) -> None:
        """End the lease, and set the time."""
        time = "digest_at" if isinstance(mail, DigestMail) else "asked_at"
        changes = {time: DatabaseTime(), "digest_id": None, "leased_until": None, "refusals": 0}
        await self.session.write(update(orm.mail_addresses).where(_is_of(mail)).values(changes))

    async def refused(self, mail: Outgoing) -> None:
        """Count the refusal, and prolong the lease."""
        counted = update(orm.mail_addresses).where(_is_of(mail))
        changes = {"refusals": _COLUMNS.refusals + 1, "leased_until": DatabaseTime(PAUSE)}
        await self.session.write(counted.values(changes))


def _is_of(mail: Outgoing) -> ColumnElement[bool]:
    """Return the condition that a row is the mail's still."""
    if isinstance(mail, DigestMail):
        same = _COLUMNS.digest_id == mail.id
    else:
        same = _COLUMNS.hash == mail.hash
    return and_(_COLUMNS.account_id == mail.account_id, same)


def _is_due(every: float) -> ColumnElement[bool]:
    last = func.coalesce(_COLUMNS.digest_at, _COLUMNS.confirmed_at)
    return and_(
        or_(_COLUMNS.leased_until.is_(None), _COLUMNS.leased_until <= DatabaseTime()),
        _COLUMNS.refusals < MOST_REFUSALS,
        or_(
            and_(_COLUMNS.confirmed_at.is_(None), _COLUMNS.asked_at.is_(None)),
            _COLUMNS.digest_id.is_not(None),
            and_(last <= DatabaseTime(-every), exists().where(_UNTOLD)),
        ),
    )
