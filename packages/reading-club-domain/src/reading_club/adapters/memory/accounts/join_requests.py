"""The requests to join, in memory."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from reading_club.adapters.memory.club_database import InMemoryDatabase
from reading_club.adapters.memory.database import InMemoryTransaction
from reading_club.domain.errors import (
    AlreadyAsked,
    IdentifierTaken,
    NicknameTaken,
    TooManyJoinRequests,
)
from reading_club.domain.text import Nickname, nickname_key
from reading_club.eventstream.errors import WriteConflict
from reading_club.service.accounts.join_requests import (
    MOST_WAITING,
    WAITING_DAYS,
    JoinRequest,
    JoinRequests,
    TakenRequest,
)


class InMemoryJoinRequests(JoinRequests):
    """The requests to join, in memory."""

    def __init__(self, transaction: InMemoryTransaction[InMemoryDatabase]) -> None:
        self.transaction = transaction

    async def add(self, id: UUID, *, nickname: Nickname, password_hash: str) -> None:
        """Store a row."""
        now, key = self.transaction.now, nickname_key(nickname)
        row = TakenRequest(JoinRequest(id, nickname, now), password_hash)

        def insert(tables: InMemoryDatabase) -> None:
            waiting = _waiting(tables, now)
            if any(each.id == id for each in waiting):
                raise IdentifierTaken(id)
            if any(each.nickname_key == key for each in tables.reviewers.values()):
                raise NicknameTaken(nickname)
            if any(nickname_key(each.nickname) == key for each in waiting):
                raise AlreadyAsked(nickname)
            if len(waiting) >= MOST_WAITING:
                raise TooManyJoinRequests(MOST_WAITING)
            tables.join_requests[id] = row

        self.transaction.write(insert)

    async def list(self) -> Sequence[JoinRequest]:
        """Return the requests of the rows."""
        waiting = _waiting(self.transaction.tables, self.transaction.now)
        return sorted(waiting, key=lambda request: (request.created_at, request.id))

    async def take(self, id: UUID) -> TakenRequest | None:
        """Delete the row; whether it is there is checked again at the commit."""
        row = self.transaction.tables.join_requests.get(id)
        if row is None or expiry(row.request) <= self.transaction.now:
            return None

        def delete(tables: InMemoryDatabase) -> None:
            if tables.join_requests.pop(id, None) is None:
                raise WriteConflict("another transaction has answered the request")

        self.transaction.write(delete)
        return row

    async def refuse(self, id: UUID) -> bool:
        """Delete the row."""
        return await self.take(id) is not None


def expiry(request: JoinRequest) -> datetime:
    """Return the time at which a request expires."""
    return request.created_at + timedelta(days=WAITING_DAYS)


def _waiting(tables: InMemoryDatabase, now: datetime) -> Sequence[JoinRequest]:
    requests = (row.request for row in tables.join_requests.values())
    return [request for request in requests if expiry(request) > now]
