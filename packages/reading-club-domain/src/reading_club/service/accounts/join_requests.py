"""Port of the requests to join, made by people without an invitation."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from reading_club.domain.text import Nickname

MOST_WAITING: Final = 100
"""Requests that wait at the same time."""
WAITING_DAYS: Final = 30
"""Days after which a request without an answer has expired."""


@dataclass(frozen=True)
class JoinRequest:
    """A request to join that waits for an answer."""

    id: UUID
    nickname: str
    created_at: datetime
    """By the storage's clock."""


@dataclass(frozen=True)
class TakenRequest:
    """A request that was taken to be approved, with the hash of the password for the account."""

    request: JoinRequest
    password_hash: str = field(repr=False)


class JoinRequests(Protocol):
    """The requests to join that have not expired. One that is answered is deleted."""

    @abstractmethod
    async def add(self, id: UUID, *, nickname: Nickname, password_hash: str) -> None:
        """Store a new request.

        Raises NicknameTaken if a reviewer has the nickname, AlreadyAsked if a request has it,
        TooManyJoinRequests if ``MOST_WAITING`` wait, or IdentifierTaken.
        """

    @abstractmethod
    async def list(self) -> Sequence[JoinRequest]:
        """Return the requests, the oldest first."""

    @abstractmethod
    async def take(self, id: UUID) -> TakenRequest | None:
        """Delete a request and return it; None if it is unknown, expired or answered.

        The account is to be added in the same transaction; a rollback gives the request back.
        """

    @abstractmethod
    async def refuse(self, id: UUID) -> bool:
        """Delete a request; return False if it is unknown, expired or answered."""
