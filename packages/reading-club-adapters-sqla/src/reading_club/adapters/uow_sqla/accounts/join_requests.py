"""The requests to join on SQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, select, text

from reading_club.adapters.uow_sqla import orm
from reading_club.adapters.uow_sqla.accounts.rows import holds
from reading_club.adapters.uow_sqla.session import Session
from reading_club.adapters.uow_sqla.statements import insert_new
from reading_club.adapters.uow_sqla.types import DatabaseTime
from reading_club.domain.errors import (
    AlreadyAsked,
    IdentifierTaken,
    NicknameTaken,
    Refusal,
    TooManyJoinRequests,
)
from reading_club.domain.text import Nickname, nickname_key
from reading_club.service.accounts.join_requests import (
    MOST_WAITING,
    WAITING_DAYS,
    JoinRequest,
    JoinRequests,
    TakenRequest,
)
from reading_club.service.accounts.sessions import DAY

_COLUMNS = orm.join_requests.c
HAS_EXPIRED = _COLUMNS.created_at <= DatabaseTime(-WAITING_DAYS * DAY)
"""Whether a request has expired by the database's clock."""
_LOCK = text("LOCK TABLE join_requests IN SHARE ROW EXCLUSIVE MODE")
"""Lets one transaction of PostgreSQL at a time add requests, as SQLite does: they are counted."""


class SQLJoinRequests(JoinRequests):
    """The requests to join, in the table ``join_requests``."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, id: UUID, *, nickname: Nickname, password_hash: str) -> None:
        """Delete expired rows, and insert one if there are fewer than the most."""
        if self.session.dialect == "postgresql":
            await self.session.write(_LOCK)
        await self.session.write(delete(orm.join_requests).where(HAS_EXPIRED))
        key = nickname_key(nickname)
        row = {"id": id, "nickname": nickname, "nickname_key": key, "password_hash": password_hash}
        is_reviewer = exists().where(orm.reviewers.c.nickname_key == key)
        waiting = select(func.count(_COLUMNS.id)).scalar_subquery()
        conditions = (~is_reviewer, waiting < MOST_WAITING)
        if not await insert_new(self.session, orm.join_requests, row, *conditions):
            raise await self._refusal(id, nickname)

    async def _refusal(self, id: UUID, nickname: Nickname) -> Refusal:
        """Return the error of the condition that a new request violates."""
        key = nickname_key(nickname)
        if await holds(self.session, exists().where(_COLUMNS.id == id)):
            return IdentifierTaken(id)
        if await holds(self.session, exists().where(orm.reviewers.c.nickname_key == key)):
            return NicknameTaken(nickname)
        if await holds(self.session, exists().where(_COLUMNS.nickname_key == key)):
            return AlreadyAsked(nickname)
        return TooManyJoinRequests(MOST_WAITING)

    async def list(self) -> Sequence[JoinRequest]:
        """Return the requests of the rows that have not expired."""
        statement = (
            select(_COLUMNS.id, _COLUMNS.nickname, _COLUMNS.created_at)
            .where(~HAS_EXPIRED)
            .order_by(_COLUMNS.created_at, _COLUMNS.id)
        )
        return [_request(row) for row in await self.session.read(statement)]

    async def take(self, id: UUID) -> TakenRequest | None:
        """Delete the row and return it; of two transactions only one does."""
        taken = delete(orm.join_requests).where(_COLUMNS.id == id, ~HAS_EXPIRED)
        row = (await self.session.write(taken.returning(*_COLUMNS))).one_or_none()
        return None if row is None else TakenRequest(_request(row), row.password_hash)

    async def refuse(self, id: UUID) -> bool:
        """Delete the row."""
        return await self.take(id) is not None


def _request(row: Row[Any]) -> JoinRequest:
    return JoinRequest(row.id, row.nickname, row.created_at)
